'use strict';
// npm's smtp-server on a free loopback port, as the first line of its input wants it:
//   {"secure":false,"options":{…smtp-server's own…},"certificate":PEM,"key":PEM,"user":"ada","password":"…","rules":[RULE…]}
// A RULE is {"stage":"greeting|ehlo|starttls|auth|mail|rcpt|data|dot","address":"…","times":1,"reply":["450 4.2.1 busy"],"then":"end|cut|hang","how":"bytes|halves"}:
// the first that fits answers instead of the server; without a reply it only does what "then" says. Its output is a line of JSON an event:
//   {"port":N}, {"hung":STAGE}, {"message":BASE64,"from":"…","to":[…],"user":"…","secure":true,"taken":true}
const readline = require('readline');
const { SMTPServer } = require('smtp-server');
const { SMTPConnection } = require('smtp-server/lib/smtp-connection');

const tell = event => process.stdout.write(JSON.stringify(event) + '\n');

/** The rule for this step, used up by being found. */
function take(rules, stage, address) {
  const rule = rules.find(one => one.stage === stage && one.times > 0 && (!one.address || one.address === address));
  if (rule) rule.times--;
  return rule;
}

/** The error by which smtp-server answers with the rule's words and remembers that it did not agree. */
function refusal(rule) {
  const [last] = rule.reply.slice(-1);
  const words = rule.reply.map(line => line.slice(4));
  return Object.assign(new Error(), { responseCode: Number(last.slice(0, 3)), message: words.length > 1 ? words : words[0], rule });
}

/** Writes in the pieces that the rule wants, one after the other as fast as they leave. */
function write(socket, text, how, done) {
  const bytes = Buffer.from(text, 'latin1');
  const size = how === 'bytes' ? 1 : how === 'halves' ? Math.ceil(bytes.length / 2) : bytes.length;
  const next = at => {
    if (at >= bytes.length || socket.destroyed) return done();
    socket.write(bytes.subarray(at, at + size), () => setImmediate(next, at + size));
  };
  next(0);
}

/** Writes the first answer of the queue, and then the next. */
function advance(queue) {
  queue[0](() => {
    queue.shift();
    if (queue.length > 0) advance(queue);
  });
}

function play(server, rules) {
  server.connect = (socket, socketOptions) => {
    socket.setNoDelay(true);
    const connection = new SMTPConnection(server, socket, socketOptions);
    connection.stage = 'greeting';
    connection.queue = [];
    const hear = connection._onCommand;
    connection._onCommand = function (command, callback) {
      const words = command.toString();
      const name = words.split(/[ :]/)[0].toLowerCase();
      // The answer to a challenge is part of AUTH.
      if (this._nextHandler) this.stage = 'auth';
      else this.stage = name === 'helo' ? 'ehlo' : name;
      this.address = (words.match(/<(.*?)>/) || [])[1];
      return hear.call(this, command, callback);
    };
    const say = connection.send;
    connection.send = function (code, words, context) {
      const stage = this.stage === 'data' && code !== 354 ? 'dot' : this.stage;
      // A refusal that a handler made is answered as it is worded; everything else may still be replaced.
      const rule = (this.refused && this.refused.rule) || (code < 400 || stage === 'data' || stage === 'greeting' ? take(rules, stage, this.address) : undefined);
      this.refused = undefined;
      // One answer after the other, however slowly one of them is written.
      this.queue.push(next => {
        if (!rule || code === 334) {
          say.call(this, code, words, context);
          return next();
        }
        const leave = () => {
          if (rule.then === 'end' || (rule.reply && rule.reply.some(line => line.startsWith('421')))) this._socket.end();
          if (rule.then === 'cut') this._socket.resetAndDestroy();
          if (rule.then === 'hang') tell({ hung: stage });
          else next();
        };
        return rule.reply ? write(this._socket, rule.reply.map(line => line + '\r\n').join(''), rule.how, leave) : leave();
      });
      if (this.queue.length === 1) advance(this.queue);
    };
    server.connections.add(connection);
    connection.on('error', () => {});
    connection.on('connect', data => server._onClientConnect(data));
    connection.init();
    sessions.set(connection.session, connection);
  };
}

const sessions = new Map();

(async () => {
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const wanted = JSON.parse((await lines.next()).value);
  const rules = wanted.rules.map(rule => ({ times: Infinity, ...rule, times: rule.times || Infinity }));
  const refusing = rule => rule && rule.reply && !rule.then && /^[45]/.test(rule.reply[0]) && !rule.reply[0].startsWith('421');
  // The server only sees that it was refused where it was; what hangs up or says odd things replaces its own answer.
  const decide = (stage, address, session, callback) => {
    const at = rules.findIndex(one => one.stage === stage && one.times > 0 && (!one.address || one.address === address));
    if (at < 0 || !refusing(rules[at])) return callback();
    rules[at].times--;
    const error = refusal(rules[at]);
    sessions.get(session).refused = error;
    return callback(error);
  };
  const server = new SMTPServer({
    logger: false, disableReverseLookup: true, closeTimeout: 100, hideENHANCEDSTATUSCODES: false, authOptional: !wanted.user,
    key: wanted.key, cert: wanted.certificate, secure: wanted.secure, ...wanted.options,
    onAuth(auth, session, callback) {
      decide('auth', undefined, session, error => {
        if (error) return callback(error);
        if (auth.username !== wanted.user || auth.password !== wanted.password) return callback(Object.assign(new Error('5.7.8 bad credentials'), { responseCode: 535 }));
        return callback(null, { user: auth.username });
      });
    },
    onMailFrom: (address, session, callback) => decide('mail', address.address, session, callback),
    onRcptTo(address, session, callback) {
      if (wanted.recipients && session.envelope.rcptTo.length >= wanted.recipients) return callback(Object.assign(new Error('too many recipients'), { responseCode: 452 }));
      return decide('rcpt', address.address, session, callback);
    },
    onData(stream, session, callback) {
      const pieces = [];
      stream.on('data', piece => pieces.push(piece));
      stream.on('end', () => decide('dot', undefined, session, error => {
        if (stream.sizeExceeded) return callback(Object.assign(new Error('too large'), { responseCode: 552 }));
        tell({
          message: Buffer.concat(pieces).toString('base64'), from: session.envelope.mailFrom.address || '', to: session.envelope.rcptTo.map(one => one.address), taken: !error,
          user: session.user || null, secure: session.secure,
        });
        return callback(error);
      }));
    },
  });
  server.on('error', () => {});
  play(server, rules);
  server.listen(0, '127.0.0.1', () => tell({ port: server.server.address().port }));
  while (!(await lines.next()).done);
  process.exit(0);
})();
