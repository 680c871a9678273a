// One camera, large: picture, sound, turning, and how it fares.

import { address } from "/address.js";
import { stateName } from "/card.js";
import { Player } from "/player.js";
import { Talk } from "/talk.js";

const element = (id) => document.getElementById(id);
const DETAILS_PERIOD = 2000;
const KEYS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", "+": "zoom-in", "-": "zoom-out" };
// How long one press turns the camera, in ms.
const STEP = 400;

export class Viewer {
  constructor(changed) {
    this.changed = changed;
    this.name = null;
    this.camera = null;
    this.dialog = element("viewer");
    this.video = element("video");
    this.dialog.addEventListener("close", () => this.stop());
    element("close").addEventListener("click", () => this.dialog.close());
    element("sound").addEventListener("click", () => this.setSound(this.video.muted));
    element("full").addEventListener("click", () => this.toggleFull());
    element("talk").addEventListener("click", () => this.setTalk(!this.talk));
    element("quality").addEventListener("change", ({ target }) => this.command("quality", { quality: target.value }));
    for (const button of element("ptz").children) {
      button.addEventListener("click", () => this.turn(button.dataset.direction));
    }
    this.dialog.addEventListener("keydown", (event) => {
      if (event.target === element("quality")) return;
      const direction = KEYS[event.key];
      if (direction && this.controls && !event.altKey && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        this.turn(direction);
      } else if (event.key === "f") {
        this.toggleFull();
      } else if (event.key === "m") {
        this.setSound(this.video.muted);
      } else if (event.key === "t" && this.controls) {
        this.setTalk(!this.talk);
      }
    });
  }

  open(name) {
    if (this.name) this.stop();
    this.name = name;
    element("viewer-name").textContent = name;
    element("details").replaceChildren();
    element("note").textContent = "";
    this.say("");
    this.setSound(false);
    if (!this.dialog.open) this.dialog.showModal();
    this.changed(name);
    this.player = new Player(name, this.video, element("pictures"), {
      shown: (kind) => {
        this.say("");
        const pictures = kind === "pictures";
        const soundAlone = this.camera?.audio && !this.camera.video;
        element("sound").disabled = pictures;
        element("note").textContent = pictures
          ? "This browser cannot play what the camera sends. The server decodes it, up to 10 pictures a second, without sound."
          : soundAlone
            ? "This camera sends sound alone."
            : "";
      },
      failed: (text) => this.say(text),
    });
    this.timer = setInterval(() => this.refresh(), DETAILS_PERIOD);
    this.refresh();
  }

  stop() {
    clearInterval(this.timer);
    this.setTalk(false);
    this.player?.close();
    this.player = null;
    this.name = null;
    this.changed(null);
  }

  // The camera's state has changed.
  show(camera, rtsp) {
    this.rtsp = rtsp;
    if (camera.name !== this.name) return;
    this.camera = camera;
    const state = element("viewer-state");
    state.dataset.state = camera.state;
    state.textContent = stateName(camera.state);
    if (camera.reason) this.say(camera.reason);
    if (camera.quality && document.activeElement !== element("quality")) element("quality").value = camera.quality;
    this.player?.follow(camera.state);
  }

  // Guests watch, and control nothing.
  allowControl(allowed) {
    this.controls = allowed;
    for (const id of ["talk", "quality-label", "ptz"]) element(id).hidden = !allowed;
  }

  keep(names) {
    if (this.name && !names.has(this.name)) this.dialog.close();
  }

  say(text) {
    element("message").textContent = text;
    element("message").hidden = !text;
  }

  setSound(on) {
    this.video.muted = !on;
    element("sound").setAttribute("aria-pressed", String(on));
  }

  setTalk(on) {
    this.talk?.close();
    this.talk = on
      ? new Talk(this.name, (text) => {
          this.say(text);
          this.setTalk(false);
        })
      : null;
    element("talk").setAttribute("aria-pressed", String(on));
  }

  toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else element("stage").requestFullscreen?.().catch(() => this.say("This browser does not allow full screen"));
  }

  async turn(direction) {
    const said = await this.command("ptz", { direction, step: STEP });
    if (said && !said.sent) this.say("The camera did not take the command");
  }

  // What the server answers, if it does what it is asked for.
  async command(what, body) {
    try {
      const answer = await fetch(address(`/api/cameras/${encodeURIComponent(this.name)}/${what}`), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      const said = await answer.json();
      if (answer.ok) return said;
      this.say(said.error);
    } catch {
      this.say("The server does not answer");
    }
    return null;
  }

  async refresh() {
    const name = this.name;
    try {
      const answer = await fetch(address(`/api/cameras/${encodeURIComponent(name)}`));
      const camera = await answer.json();
      if (answer.ok && name === this.name) {
        this.show(camera, this.rtsp);
        showDetails(camera, this.rtsp);
      }
    } catch {
      // The page says so.
    }
  }
}

function showDetails(camera, rtsp) {
  const { stats } = camera;
  const rows = [
    ["Video", [camera.video, camera.width && `${camera.width} × ${camera.height}`].filter(Boolean).join(", ")],
    ["Sound", camera.audio ?? (camera.state === "playing" ? "none" : "")],
    ["Rate", stats && stats.bitrate !== undefined && `${(stats.bitrate / 1e6).toFixed(2)} Mbit/s, ${stats.fps.toFixed(1)} fps`],
    ["Frames lost", stats && `${stats["frames-lost"]} of ${stats["frames-received"] + stats["frames-lost"]}`],
    ["Reconnects", stats && String(stats.reconnects)],
    ["Address", camera.connection?.address],
    ["Encrypted", camera.connection && (camera.connection.encrypted ? "yes" : "no")],
    ["Viewers", String(camera.viewers)],
    ["UID", camera.uid],
    ["RTSP", `${rtsp}/${camera.name}`],
  ];
  element("details").replaceChildren(
    ...rows
      .filter(([, value]) => value)
      .map(([term, value]) => {
        const row = document.createElement("div");
        row.classList.toggle("long", ["UID", "RTSP"].includes(term));
        const dt = document.createElement("dt");
        const dd = document.createElement("dd");
        dt.textContent = term;
        dd.textContent = value;
        row.append(dt, dd);
        return row;
      }),
  );
}
