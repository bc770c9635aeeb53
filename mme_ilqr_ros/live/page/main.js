// Connects the page to the server: messages in, commands out. Numbers are in m, s and rad but for
// places in messages, which are whole mm.
import { Hands } from "./hands.js";
import { Panel } from "./panel.js";
import { Plots } from "./plots.js";
import { View } from "./view.js";

const view = new View(document.getElementById("world"));
const plots = new Plots();
const panel = new Panel(send, view, say);
const hands = new Hands(view, send, say);
let socket = null;

function send(command) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(command));
}

let silence = 0;
function say(line) {
  const said = document.getElementById("said");
  said.textContent = line;
  said.hidden = !line;
  clearTimeout(silence);
  silence = setTimeout(() => { said.hidden = true; }, 8000);
}

const takes = {
  world(message) { view.setWorld(message); panel.setWorld(message); plots.setWorld(message); },
  field(message) { view.setField(message.field); },
  plan(message) { view.plan = message.points; },
  seen(message) { view.standing = message.points; },
  frame(message) { view.setFrame(message); plots.add(message); panel.setFrame(message); },
  said(message) { panel.done(); say(message.line); },
  text(message) { panel.keep(message); },
};

function connect() {
  socket = new WebSocket(`ws://${location.host}/socket${location.search}`);
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    takes[message.kind]?.(message);
    view.redraw();
  };
  socket.onclose = () => {
    panel.lost();
    setTimeout(connect, 1000);
  };
}

window.addEventListener("resize", () => { view.redraw(); plots.redraw(); });
connect();
// What the browser test looks at.
window.live = { view, hands, panel, send };
