/** The live page: polls the numbers once a second, follows the stream of decisions, and shows both. */
import { askJson, followDecisions, hasToken, keepToken, NeedsToken } from './api.js';
import { drawCard } from './card.js';
import { createChart } from './chart.js';
import { formatCount, formatRate, formatSeconds, formatUptime, outcomeNames } from './format.js';

const cardsMax = 80;
const waitingMax = 400;
const flushMs = 250;
const spokenMs = 15_000;
const retryMsMin = 500;
const retryMsMax = 15_000;
const awayMsMax = 30_000;

const byId = (id) => document.getElementById(id);
const feed = byId('feed');
const chart = createChart(byId('chart'));
const state = {
  filter: '',
  paused: false,
  /** Newest first; what came since the last flush. */
  waiting: [],
  lastSequence: null,
  status: null,
  statusAtMs: 0,
  streaming: false,
  spokenCounts: null,
};

function show(id, text) {
  const place = byId(id);
  if (place.textContent !== text) place.textContent = text;
}

// Numbers

async function pollStatus() {
  try {
    const status = await askJson('/v1/status');
    pushRate(status);
    showNumbers(status);
    showReadiness(status);
  } catch (error) {
    if (error instanceof NeedsToken) await askToken();
    else showState('away', 'Not reachable, trying again');
  }
}

/** Rates come from the counters, so that they are right however many decisions the stream brings. */
function pushRate(status) {
  const nowMs = performance.now();
  const seconds = (nowMs - state.statusAtMs) / 1000;
  const before = state.status;
  state.status = status;
  state.statusAtMs = nowMs;
  if (before === null || seconds > 10) return;
  const rate = {};
  for (const name of outcomeNames) rate[name] = Math.max(0, status.outcomes[name] - before.outcomes[name]) / seconds;
  chart.push(rate);
  show('rate', formatRate(chart.mean(5)));
}

function showNumbers(status) {
  const { outcomes, bank } = status;
  const decided = outcomeNames.reduce((sum, name) => sum + outcomes[name], 0);
  for (const name of outcomeNames) {
    show(`count-${name}`, formatCount(outcomes[name]));
    show(`share-${name}`, decided === 0 ? '' : `${((outcomes[name] / decided) * 100).toFixed(1)} % of all`);
  }
  show('backlog', formatCount(status.backlogUploads));
  show('backlog-age', status.backlogUploads === 0 ? 'keeping up' : `oldest ${formatSeconds(status.backlogSeconds)}`);
  show('inflight', formatCount(status.inflightUploads));
  show('contents', formatCount(bank.contents));
  show('hashes', `${formatCount(bank.hashes)} hashes`);
  show('uptime', formatUptime(status.uptimeSeconds));
  show('policy', status.policyVersion);
  byId('observe').hidden = !status.observeOnly;
}

function showReadiness({ readiness }) {
  const unready = Object.entries(readiness.components).filter(([, component]) => !component.ready);
  const notice = byId('notice');
  notice.hidden = unready.length === 0;
  notice.textContent = unready.map(([name, { why }]) => `${name}: ${why ?? 'not ready'}`).join(' · ');
  if (!state.streaming) showState('away', 'Reconnecting');
  else if (readiness.ready) showState('ready', 'Ready');
  else showState('unready', 'Not ready');
}

function showState(name, text) {
  byId('state').dataset.state = name;
  show('state', text);
}

// Decisions

async function loadRecent() {
  const query = state.filter === '' ? '' : `&outcome=${state.filter}`;
  const page = await askJson(`/v1/decisions?limit=50${query}`);
  const newest = page.items[0]?.sequence ?? -1;
  state.waiting = state.waiting.filter((item) => item.sequence > newest && passesFilter(item.decision));
  feed.replaceChildren(...page.items.map((item) => drawCard(item.decision, radiusBits())));
  // A filtered page may end before what the stream has brought already.
  state.lastSequence = Math.max(state.lastSequence ?? -1, newest);
  showEmptiness();
}

function passesFilter(decision) {
  return state.filter === '' || decision.outcome === state.filter;
}

function radiusBits() {
  return state.status?.radiusBits ?? { frame: 31, aligned: 31, region: 31 };
}

function receive(sequence, decision) {
  state.lastSequence = sequence;
  if (!passesFilter(decision)) return;
  state.waiting.unshift({ sequence, decision });
  if (state.waiting.length > waitingMax) state.waiting.pop();
}

/** Cards are added a few times a second at most, however fast decisions come. */
function flush() {
  if (state.paused) {
    show('pause', state.waiting.length === 0 ? 'Resume' : `Resume, ${formatCount(state.waiting.length)} new`);
    return;
  }
  if (state.waiting.length === 0) return;
  const cards = state.waiting.slice(0, cardsMax).map((item) => drawCard(item.decision, radiusBits()));
  state.waiting = [];
  for (const card of cards) card.classList.add('fresh');
  feed.prepend(...cards);
  while (feed.children.length > cardsMax) feed.lastElementChild.remove();
  showEmptiness();
}

function showEmptiness() {
  const empty = feed.children.length === 0;
  byId('empty').hidden = !empty || state.filter !== '';
  byId('none').hidden = !empty || state.filter === '';
}

async function follow() {
  let retryMs = retryMsMin;
  let awaySinceMs = 0;
  for (;;) {
    try {
      // After a long absence the newest are of more use than everything that was missed.
      if (state.lastSequence === null || performance.now() - awaySinceMs > awayMsMax) await loadRecent();
      const onOpen = () => {
        retryMs = retryMsMin;
        state.streaming = true;
        if (state.status !== null) showReadiness(state.status);
        // An empty log has no sequence to resume after: look again now that nothing can be missed any more.
        if (state.lastSequence < 0) loadRecent().catch(() => showState('away', 'Reconnecting'));
      };
      await followDecisions(state.lastSequence < 0 ? null : state.lastSequence, onOpen, receive);
    } catch (error) {
      if (error instanceof NeedsToken) await askToken();
    }
    if (state.streaming) awaySinceMs = performance.now();
    state.streaming = false;
    showState('away', 'Reconnecting');
    await pause(retryMs + Math.random() * 250);
    retryMs = Math.min(retryMs * 2, retryMsMax);
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** For screen readers: a sentence now and then instead of every number. */
function speak() {
  if (state.status === null) return;
  const { outcomes } = state.status;
  const before = state.spokenCounts ?? outcomes;
  state.spokenCounts = { ...outcomes };
  const since = outcomeNames.map((name) => outcomes[name] - before[name]);
  const decided = since.reduce((sum, count) => sum + count, 0);
  if (decided > 0) show('spoken', `${decided} decisions, ${since[0]} blocked, ${since[1]} held for review.`);
}

// Controls

function installControls() {
  for (const button of document.querySelectorAll('[data-filter]')) {
    button.addEventListener('click', () => {
      state.filter = button.dataset.filter;
      for (const each of document.querySelectorAll('[data-filter]'))
        each.setAttribute('aria-pressed', String(each === button));
      loadRecent().catch(() => showState('away', 'Not reachable, trying again'));
    });
  }
  byId('pause').addEventListener('click', () => {
    state.paused = !state.paused;
    byId('pause').setAttribute('aria-pressed', String(state.paused));
    show('pause', state.paused ? 'Resume' : 'Pause');
    flush();
  });
  show('example', exampleText(location.origin));
}

function exampleText(origin) {
  const token = hasToken() ? ' -H "Authorization: Bearer $TOKEN"' : '';
  return [
    '# something known',
    `curl${token} -F file=@known.mp4 -F contentId=known-1 ${origin}/v1/bank`,
    '',
    '# an upload, and its decision',
    `curl${token} -F file=@copy.mp4 "${origin}/v1/uploads?wait=10"`,
  ].join('\n');
}

let asking = null;

/** Resolves once a token has been given; several callers share one question. */
function askToken() {
  asking ??= new Promise((resolve) => {
    const dialog = byId('ask');
    byId('wrong').hidden = !hasToken();
    showState('away', 'Waiting for a token');
    dialog.showModal();
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    dialog.querySelector('form').addEventListener(
      'submit',
      (event) => {
        event.preventDefault();
        keepToken(byId('token').value.trim());
        byId('token').value = '';
        dialog.close();
        show('example', exampleText(location.origin));
        asking = null;
        resolve();
      },
      { once: true },
    );
  });
  return asking;
}

async function pollForever() {
  for (;;) {
    if (!document.hidden) await pollStatus();
    await pause(1000);
  }
}

installControls();
await pollStatus();
setInterval(flush, flushMs);
setInterval(speak, spokenMs);
await Promise.all([pollForever(), follow()]);
