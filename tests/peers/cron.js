'use strict';
// Says when croner's cron fires, one line of JSON for each question, until its input ends:
//   {"cron":"30 2 * * *","zone":"Europe/Berlin","from":MILLISECONDS,"until":MILLISECONDS}
//   → {"slots":[SECONDS SINCE 1970, …]}, or {"error":…} for a zone that it does not know
//   {"zone":"Europe/Berlin","at":[SECONDS SINCE 1970, …]}
//   → {"offsets":[MINUTES, …]}: what this Node's zones say of the clocks then
const readline = require('readline');
const { Cron } = require('croner');

function slots({ cron, zone, from, until }) {
  const job = new Cron(cron, { timezone: zone, paused: true });
  const found = [];
  for (let slot = job.nextRun(new Date(from)); slot && slot.getTime() < until; slot = job.nextRun(slot)) {
    if (found.length && slot.getTime() / 1000 <= found[found.length - 1]) throw new Error(`it goes round and round at ${slot.toISOString()}`);
    found.push(slot.getTime() / 1000);
  }
  return found;
}

function offsets({ zone, at }) {
  const clock = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' });
  return at.map(second => {
    const part = Object.fromEntries(clock.formatToParts(second * 1000).map(each => [each.type, Number(each.value)]));
    return (Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute) / 1000 - (second - second % 60)) / 60;
  });
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      const question = JSON.parse(line);
      answer = question.at ? { offsets: offsets(question) } : { slots: slots(question) };
    } catch (failed) {
      answer = { error: failed.message };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
})();
