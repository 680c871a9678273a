// One camera in the list: its last picture, or what it shows now.

import { address } from "/address.js";
import { Player } from "/player.js";

const STATES = {
  idle: "Ready",
  connecting: "Connecting",
  playing: "Connected",
  away: "Away",
  failed: "Needs you",
};
// The server takes a new one at most once a minute.
const PERIOD = 60_000;

export const stateName = (state) => STATES[state] ?? state;

export class Card {
  constructor(name, open) {
    this.name = name;
    this.item = document.createElement("li");
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.className = "card";
    this.button.addEventListener("click", open);
    const picture = make("span", "picture");
    this.none = make("span", "none");
    this.none.textContent = "Waiting for a picture";
    this.image = document.createElement("img");
    this.image.alt = "";
    this.image.hidden = true;
    this.video = document.createElement("video");
    Object.assign(this.video, { muted: true, autoplay: true, playsInline: true, hidden: true });
    picture.append(this.none, this.image, this.video);
    const caption = make("span", "caption");
    this.title = make("span", "name");
    this.title.textContent = name;
    this.state = make("span", "state");
    this.reason = make("span", "reason");
    caption.append(this.title, this.state, this.reason);
    this.button.append(picture, caption);
    this.item.append(this.button);
    this.player = null;
    this.wants = false;
    this.paused = false;
    this.visible = false;
    this.observer = new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
      this.update();
    });
    this.observer.observe(this.item);
    this.timer = setInterval(() => this.refresh(), PERIOD);
    this.refreshWhenVisible = () => this.refresh();
    document.addEventListener("visibilitychange", this.refreshWhenVisible);
    this.last = 0;
  }

  show(camera) {
    const returned = this.camera && camera.state === "playing" && this.camera.state !== "playing";
    this.camera = camera;
    this.state.dataset.state = camera.state;
    this.state.textContent = stateName(camera.state);
    this.reason.textContent = camera.reason ?? "";
    // What is below says why.
    if (camera.reason) this.none.textContent = "No picture";
    this.button.classList.toggle("stale", ["away", "failed"].includes(camera.state));
    if (returned) {
      this.last = 0;
      this.refresh();
    }
    this.player?.follow(camera.state);
  }

  // A picture, if it is seen and the last one is old.
  async refresh() {
    if (!this.visible || document.hidden || this.player || Date.now() - this.last < PERIOD - 1000) return;
    this.last = Date.now();
    try {
      const answer = await fetch(address(`/api/cameras/${encodeURIComponent(this.name)}/snapshot.jpg`));
      if (!answer.ok) throw new Error((await answer.json()).error);
      const url = URL.createObjectURL(await answer.blob());
      const before = this.image.src;
      this.image.src = url;
      await this.image.decode();
      if (before) URL.revokeObjectURL(before);
      this.image.hidden = false;
      this.none.hidden = true;
    } catch (error) {
      // The picture before stays.
      if (this.image.hidden) this.none.textContent = this.camera?.reason ? "No picture" : error.message;
    }
  }

  play(wants) {
    this.wants = wants;
    this.update();
  }

  // While another view of the cameras is open.
  pause(paused) {
    this.paused = paused;
    this.update();
  }

  update() {
    const plays = this.wants && this.visible && !this.paused;
    if (plays && !this.player) {
      this.player = new Player(this.name, this.video, this.image, {
        shown: () => (this.none.hidden = true),
        failed: () => {},
      });
    } else if (!plays && this.player) {
      this.player.close();
      this.player = null;
      this.last = 0;
    }
    if (!this.player) this.refresh();
  }

  remove() {
    this.player?.close();
    this.observer.disconnect();
    clearInterval(this.timer);
    document.removeEventListener("visibilitychange", this.refreshWhenVisible);
    this.item.remove();
  }
}

function make(tag, name) {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}
