// Runs in the browser's audio thread: samples in parts of one size.

class Microphone extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    this.part = new Float32Array(processorOptions.size);
    this.filled = 0;
  }

  process([[samples]]) {
    for (const sample of samples ?? []) {
      this.part[this.filled++] = sample;
      if (this.filled === this.part.length) {
        this.port.postMessage(this.part.slice());
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("microphone", Microphone);
