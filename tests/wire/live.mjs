// Those who watch: a stream of Server-Sent Events, and a WebSocket as bytes.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

export const authorization = (server, as) => {
  const [role, sub] = as.includes(':') ? as.split(':') : ['student', as];
  return `Bearer ${server.token(sub, role)}`;
};

const until = async (condition, ms = 5000) => {
  for (const end = Date.now() + ms; !condition(); ) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
};

// GET /progress/realtime as fetch reads it. messages: {id, event, data}, in order.
export class Stream {
  static async open(server, as, query = '', { after, headers = {} } = {}) {
    const stream = new Stream();
    stream.messages = [];
    stream.comments = 0;
    stream.abort = new AbortController();
    stream.response = await fetch(`${server.base}/progress/realtime${query}`, {
      signal: stream.abort.signal,
      headers: { accept: 'text/event-stream', ...(as && { authorization: as.startsWith('Bearer') ? as : authorization(server, as) }), ...(after !== undefined && { 'last-event-id': String(after) }), ...headers },
    });
    stream.status = stream.response.status;
    stream.ended = stream.status === 200 ? stream.read() : Promise.resolve();
    return stream;
  }

  async read() {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.response.body) {
        text += decoder.decode(chunk, { stream: true });
        for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) this.take(text.slice(0, end));
      }
    } catch (error) {
      this.error = error;
    }
    this.over = true;
  }

  take(block) {
    const message = {};
    for (const line of block.split('\n')) {
      const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
      if (line.startsWith(':')) this.comments++;
      else if (name === 'data') message.data = JSON.parse(value);
      else message[name] = value;
    }
    if (message.data) this.messages.push(message);
  }

  async next(count = this.messages.length + 1, ms = 5000) {
    await until(() => this.messages.length >= count || this.over, ms);
    return this.messages;
  }

  get ids() {
    return this.messages.map((message) => Number(message.id));
  }

  close() {
    this.abort.abort();
    return this.ended;
  }
}

// A WebSocket with nothing between the test and the frames.
export class Socket {
  static async open(server, path, headers = {}) {
    const socket = new Socket();
    socket.tcp = connect(server.port, '127.0.0.1');
    socket.bytes = Buffer.alloc(0);
    socket.frames = [];
    socket.tcp.on('error', () => {});
    socket.tcp.on('data', (chunk) => socket.take(chunk));
    socket.ended = new Promise((resolve) => socket.tcp.once('close', resolve));
    socket.ended.then(() => (socket.over = true));
    const head = { host: `127.0.0.1:${server.port}`, upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64'), ...headers };
    socket.key = head['sec-websocket-key'];
    socket.tcp.write(`GET ${path} HTTP/1.1\r\n${Object.entries(head).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
    await until(() => socket.head || socket.over);
    socket.status = Number(socket.head?.split(' ')[1]);
    return socket;
  }

  take(chunk) {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    if (!this.head) {
      const end = this.bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.bytes.subarray(0, end).toString();
      this.bytes = this.bytes.subarray(end + 4);
    }
    while (this.head.includes(' 101 ') && this.bytes.length >= 2) {
      const short = this.bytes[1] & 127;
      const start = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (this.bytes.length < start) return;
      const size = short < 126 ? short : short === 126 ? this.bytes.readUInt16BE(2) : Number(this.bytes.readBigUInt64BE(2));
      if (this.bytes.length < start + size) return;
      const payload = this.bytes.subarray(start, start + size);
      this.frames.push({ opcode: this.bytes[0] & 15, fin: this.bytes[0] >> 7, masked: this.bytes[1] >> 7, payload, ...((this.bytes[0] & 15) === 1 && { json: JSON.parse(payload) }), ...((this.bytes[0] & 15) === 8 && size >= 2 && { code: payload.readUInt16BE(0) }) });
      this.bytes = this.bytes.subarray(start + size);
    }
  }

  // head: the first byte. masked as a client must.
  send(payload, head = 0x81, { mask = randomBytes(4), cut } = {}) {
    const data = Buffer.from(payload);
    const size = data.length < 126 ? Buffer.from([data.length]) : data.length < 65536 ? Buffer.from([126, data.length >> 8, data.length & 255]) : Buffer.concat([Buffer.from([127]), Buffer.from(data.length.toString(16).padStart(16, '0'), 'hex')]);
    if (mask) size[0] |= 128;
    const frame = Buffer.concat([Buffer.from([head]), size, mask ?? Buffer.alloc(0), data.map((byte, i) => byte ^ (mask ? mask[i % 4] : 0))]);
    if (cut) for (let at = 0; at < frame.length; at += cut) this.tcp.write(frame.subarray(at, at + cut));
    else this.tcp.write(frame);
  }

  get json() {
    return this.frames.filter((frame) => frame.json).map((frame) => frame.json);
  }

  async next(count, ms = 5000) {
    await until(() => this.json.length >= count || this.over, ms);
    return this.json;
  }

  async closed(ms = 5000) {
    await until(() => this.frames.some((frame) => frame.opcode === 8) || this.over, ms);
    const code = this.frames.find((frame) => frame.opcode === 8)?.code;
    if (code !== undefined) this.send(Buffer.from([code >> 8, code & 255]), 0x88);
    await until(() => this.over, ms);
    return code;
  }

  close() {
    this.tcp.destroy();
    return this.ended;
  }
}

export { until };
