// Speech from this computer's microphone to a camera's speaker: G.711 µ-law, 8000 samples a second, a tenth of a second at a time.

import { address } from "/address.js";

const RATE = 8000;
const PART = RATE / 10;
// Parts that may wait; older ones are left out then.
const MAX_WAITING = 10;

export class Talk {
  // `failed` is called with the reason when the camera hears nothing more.
  constructor(name, failed) {
    this.path = address(`/api/cameras/${encodeURIComponent(name)}/talk`);
    this.failed = failed;
    this.waiting = [];
    this.start().catch((error) => this.end(reason(error)));
  }

  async start() {
    if (!navigator.mediaDevices) throw new Error("A browser lends its microphone to pages by HTTPS or of this computer only");
    const audio = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    this.microphone = await navigator.mediaDevices.getUserMedia({ audio });
    // The browser makes the samples fit.
    this.context = new AudioContext({ sampleRate: RATE });
    await this.context.audioWorklet.addModule("/microphone.js");
    if (this.closed) return this.release();
    const node = new AudioWorkletNode(this.context, "microphone", { numberOfOutputs: 0, processorOptions: { size: PART } });
    node.port.addEventListener("message", ({ data }) => this.take(data));
    node.port.start();
    this.context.createMediaStreamSource(this.microphone).connect(node);
  }

  take(samples) {
    if (this.closed) return;
    this.waiting.push(Uint8Array.from(samples, encode));
    if (this.waiting.length > MAX_WAITING) this.waiting.shift();
    if (!this.sends) this.send();
  }

  // One request at a time, so that they keep their order.
  async send() {
    this.sends = true;
    try {
      while (this.waiting.length && !this.closed) await this.post(new Blob(this.waiting.splice(0)));
    } catch (error) {
      this.end(reason(error));
    }
    this.sends = false;
  }

  async post(body) {
    const answer = await fetch(this.path, { method: "POST", headers: { "Content-Type": "audio/basic" }, body });
    if (!answer.ok) throw new Error((await answer.json()).error);
  }

  end(text) {
    if (this.closed) return;
    this.close();
    this.failed(text);
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    this.release();
    // Without a body: that was all.
    fetch(this.path, { method: "POST", keepalive: true }).catch(() => {});
  }

  release() {
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.context?.close().catch(() => {});
  }
}

function reason(error) {
  return error.name === "NotAllowedError" ? "This browser does not lend its microphone to this page" : error.message;
}

// ITU-T G.711.
export function encode(sample) {
  const BIAS = 132;
  const magnitude = Math.min(Math.abs(Math.round(sample * 32767)), 32635) + BIAS;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff;
}
