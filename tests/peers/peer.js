'use strict';
// Answers questions about messages, one line of JSON each, until its input ends:
//   {"ask":"read","message":BASE64}                      how mailparser understands the message
//   {"ask":"verify","message":BASE64,"keys":{NAME:TXT}}  what mailauth says of its DKIM signatures; DNS is only what "keys" says
const crypto = require('crypto');
const readline = require('readline');
const url = require('url');

// mailparser shows people the domain in their script; here it is compared as it travels.
function ascii(address) {
  const at = address.lastIndexOf('@');
  return address.slice(0, at + 1) + url.domainToASCII(address.slice(at + 1));
}

async function read(bytes) {
  const { simpleParser } = require('mailparser');
  const mail = await simpleParser(bytes, { keepCidLinks: true, skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true, skipTextLinks: true });
  const boxes = field => (field ? field.value : []).flatMap(one => one.group || [one]).map(one => ({ name: one.name, address: ascii(one.address) }));
  return {
    headers: [], defects: [], shape: '', from: boxes(mail.from), to: boxes(mail.to), cc: boxes(mail.cc), subject: mail.subject || '', messageId: mail.messageId, date: mail.date,
    parts: [
      ...(mail.text || !mail.html ? [{ type: 'text/plain', encoding: '', sha256: '', text: mail.text || '' }] : []),
      ...(mail.html ? [{ type: 'text/html', encoding: '', sha256: '', text: mail.html }] : []),
      ...mail.attachments.map(file => ({
        encoding: '', type: file.contentType, disposition: file.contentDisposition, fileName: file.filename, contentId: file.contentId, size: file.content.length,
        sha256: crypto.createHash('sha256').update(file.content).digest('hex'),
      })),
    ],
  };
}

async function verify(bytes, keys) {
  const { dkimVerify } = require('mailauth/lib/dkim/verify');
  const answer = await dkimVerify(bytes, {
    resolver: async (name, type) => {
      if (type === 'TXT' && keys[name]) return [[keys[name]]];
      throw Object.assign(new Error(`no ${type} for ${name}`), { code: 'ENOTFOUND' });
    },
  });
  return answer.results.map(one => ({ result: one.status.result, comment: one.status.comment || null, domain: one.signingDomain, selector: one.selector, algorithm: one.algo }));
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const question = JSON.parse(line);
    const bytes = Buffer.from(question.message, 'base64');
    let answer;
    try {
      answer = question.ask === 'read' ? await read(bytes) : await verify(bytes, question.keys);
    } catch (failed) {
      answer = { error: failed.stack };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
})();
