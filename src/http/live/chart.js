/** A strip of two minutes: one bar a second, its outcomes stacked. It steps once a second and never scrolls smoothly. */
import { formatRate, outcomeNames } from './format.js';

const secondsShown = 120;
const axisWidth = 34;

export function createChart(canvas) {
  const rates = [];
  const redraw = () => draw(canvas, rates);
  new ResizeObserver(redraw).observe(canvas);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  return {
    /** `rate`: decisions a second by outcome. */
    push(rate) {
      rates.push(rate);
      if (rates.length > secondsShown) rates.shift();
      redraw();
    },
    /** Mean over the last `seconds`. */
    mean(seconds) {
      const last = rates.slice(-seconds);
      return last.reduce((sum, rate) => sum + total(rate), 0) / Math.max(last.length, 1);
    },
  };
}

function total(rate) {
  return outcomeNames.reduce((sum, name) => sum + rate[name], 0);
}

function draw(canvas, rates) {
  const scale = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d');
  context.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const top = niceCeiling(Math.max(1, ...rates.map(total)));
  drawGrid(context, style, width, height, top);
  drawBars(context, style, { width: width - axisWidth, height: height - 8, top }, rates);
}

function drawGrid(context, style, width, height, top) {
  context.font = `11px ${style.fontFamily}`;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const share of [0, 0.5, 1]) {
    const y = 4.5 + Math.round((height - 9) * (1 - share));
    context.strokeStyle = style.getPropertyValue('--line');
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(width - axisWidth, y);
    context.stroke();
    context.fillStyle = style.getPropertyValue('--muted');
    if (share > 0) context.fillText(formatRate(top * share), width, Math.max(y, 6));
  }
}

function drawBars(context, style, area, rates) {
  const step = area.width / secondsShown;
  rates.forEach((rate, index) => {
    const x = area.width - (rates.length - index) * step;
    let y = area.height + 4;
    for (const name of outcomeNames) {
      const barHeight = (rate[name] / area.top) * area.height;
      if (barHeight <= 0) continue;
      context.fillStyle = style.getPropertyValue(`--${name}`);
      context.fillRect(x, y - barHeight, Math.max(step - 1, 1), barHeight);
      y -= barHeight;
    }
  });
}

/** 1, 2, 5, 10, 20 …: the next one at or above the value. */
function niceCeiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((ceiling) => ceiling >= value);
}
