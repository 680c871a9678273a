// The list of cameras. The server sends it whenever it changes.

import { address } from "/address.js";
import { Card } from "/card.js";
import { Viewer } from "/viewer.js";

const element = (id) => document.getElementById(id);
const cards = new Map();
const viewer = new Viewer((name) => {
  history.replaceState(null, "", name ? `#${encodeURIComponent(name)}` : location.pathname);
  for (const card of cards.values()) card.pause(Boolean(name));
});
let playsAll = false;

function show(list) {
  const names = new Set(list.cameras.map((camera) => camera.name));
  for (const [name, card] of cards) {
    if (!names.has(name)) {
      card.remove();
      cards.delete(name);
    }
  }
  for (const camera of list.cameras) {
    let card = cards.get(camera.name);
    if (!card) {
      card = new Card(camera.name, () => viewer.open(camera.name));
      cards.set(camera.name, card);
      card.play(playsAll);
    }
    card.show(camera);
    element("cameras").append(card.item);
    viewer.show(camera, `${list.rtsp_tls ? "rtsps" : "rtsp"}://${location.hostname}:${list.rtsp_port}`);
  }
  viewer.keep(names);
  viewer.allowControl(list.control);
  element("summary").textContent = summary(list.cameras);
  element("empty").hidden = list.cameras.length > 0;
  element("all").hidden = list.cameras.length === 0;
  showFound(list.found);
}

function summary(cameras) {
  const trouble = cameras.filter((camera) => ["away", "failed"].includes(camera.state)).length;
  const playing = cameras.filter((camera) => camera.state === "playing").length;
  const parts = [`${cameras.length} ${cameras.length === 1 ? "camera" : "cameras"}`];
  if (playing) parts.push(`${playing} connected`);
  if (trouble) parts.push(`${trouble} with trouble`);
  return parts.join(", ");
}

function showFound(found) {
  element("others").hidden = found.length === 0;
  element("found").replaceChildren(
    ...found.map((camera) => {
      const item = document.createElement("li");
      const uid = document.createElement("code");
      uid.textContent = camera.uid;
      const name = camera.name && camera.name !== camera.uid ? ` “${camera.name}”` : "";
      const hint = camera.playable ? "" : ": its generation of the protocol does not play yet";
      item.append(uid, `${name} at ${camera.address}${hint}`);
      return item;
    }),
  );
}

element("all").addEventListener("click", () => {
  playsAll = !playsAll;
  element("all").setAttribute("aria-pressed", String(playsAll));
  element("all").textContent = playsAll ? "Stop all" : "Play all";
  for (const card of cards.values()) card.play(playsAll);
});

const events = new EventSource(address("/api/events"));
let wanted = decodeURIComponent(location.hash.slice(1));
events.addEventListener("cameras", (event) => {
  element("offline").hidden = true;
  const list = JSON.parse(event.data);
  show(list);
  if (wanted && cards.has(wanted)) viewer.open(wanted);
  wanted = "";
});
events.addEventListener("error", () => {
  element("offline").hidden = false;
});
