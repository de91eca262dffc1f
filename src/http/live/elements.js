/** Builds elements. Text goes in as text only: ids and labels come from strangers. */

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

const svgSpace = 'http://www.w3.org/2000/svg';

export function drawing(tag, attributes = {}, ...children) {
  const made = document.createElementNS(svgSpace, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const signs = {
  block: 'M4 4l8 8M12 4l-8 8',
  review: 'M8 3.500v5.500M8 12.200v.3',
  allow: 'M3.500 8.500l3 3 6-7',
};

/** A sign of its own for each outcome, beside its word. */
export function outcomeSign(outcome) {
  const path = drawing('path', {
    d: signs[outcome],
    fill: 'none',
    stroke: 'currentColor',
    'stroke-width': '2.4',
    'stroke-linecap': 'round',
  });
  return drawing('svg', { viewBox: '0 0 16 16', width: '14', height: '14', 'aria-hidden': 'true' }, path);
}
