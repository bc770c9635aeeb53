// Buttons, switches, pickers, sliders, and what the robot says that it does.
const byId = (id) => document.getElementById(id);
const SWITCHES = {
  controller: { ilqr: "iLQR", mme_ilqr: "MME-iLQR" },
  planner: { id_vin: "learned", dijkstra: "Dijkstra", none: "none" },
  sensing: { known: "true circles", lidar: "lidar" },
};
const GOOD = ["GOAL_REACHED"], DRIVES = ["DRIVING", "MANOEUVRE", "RECOVERING", "EVADING"];
const QUIET = ["NO_GOAL"];
const PATIENCE = 1500; // [ms] until it is said that something takes a moment

export class Panel {
  constructor(send, view, say) {
    Object.assign(this, { send, view, say, paused: false });
    byId("pause").onclick = () => this.send({ do: "pause", on: !this.paused });
    byId("step").onclick = () => this.send({ do: "step" });
    byId("reset").onclick = () => this.ask({ do: "reset" });
    byId("yaml").onclick = () => this.send({ do: "save", form: "yaml" });
    byId("commands").onclick = () => this.send({ do: "save", form: "commands" });
    for (const what of ["scenario", "robot"]) {
      byId(what).onchange = () => this.ask({ do: "choose", what, name: byId(what).value });
    }
    for (const what of Object.keys(SWITCHES)) this.makeSwitch(what);
    for (const what of ["field", "plans", "seen"]) {
      byId(`show-${what}`).onchange = (event) => {
        view.show[what] = event.target.checked;
        view.redraw();
      };
    }
  }

  // Ask for what may take a moment.
  ask(command) {
    document.body.classList.add("busy");
    clearTimeout(this.patience);
    const words = "working; what is used for the first time is compiled for half a minute";
    this.patience = setTimeout(() => this.say(words), PATIENCE);
    this.send(command);
  }

  done() {
    if (document.body.classList.contains("busy")) this.say("");
    document.body.classList.remove("busy");
    clearTimeout(this.patience);
  }

  makeSwitch(what) {
    for (const [name, label] of Object.entries(SWITCHES[what])) {
      const button = document.createElement("button");
      Object.assign(button, { textContent: label, type: "button", id: `${what}-${name}` });
      button.onclick = () => this.ask({ do: "choose", what, name });
      byId(what).append(button);
    }
  }

  setWorld(world) {
    this.done();
    document.body.classList.toggle("running", !world.simulated);
    byId("name").textContent = world.name;
    byId("about").textContent = byId("about").title = world.about;
    document.title = `${world.name} · MME-iLQR live`;
    for (const [what, names] of Object.entries(SWITCHES)) {
      for (const name of Object.keys(names)) {
        const on = world.choices?.[what]?.now === name;
        byId(`${what}-${name}`).classList.toggle("on", on);
        byId(`${what}-${name}`).setAttribute("aria-pressed", on);
      }
    }
    for (const what of ["scenario", "robot"]) this.fill(byId(what), world.choices?.[what]);
    byId("legend-seen").hidden = world.simulated && world.choices.sensing.now !== "lidar";
    byId("legend-field").hidden = world.simulated && world.choices.planner.now === "none";
    if (world.sliders) this.setSliders(world.sliders);
  }

  fill(select, choice) {
    if (!choice) return;
    select.replaceChildren(...choice.all.map((name) => new Option(name || "the scenario's", name)));
    select.value = choice.now;
  }

  setSliders(sliders) {
    const made = sliders.map(({ name, value, low, high, step, unit, doc, instead }) => {
      const label = document.createElement("label"), shown = document.createElement("output");
      const input = document.createElement("input");
      const span = { min: Math.min(low, value), max: Math.max(high, value), step };
      Object.assign(input, { type: "range", id: `set-${name}`, ...span, value });
      const tell = () => { shown.textContent = `${Number(input.value)} ${unit.replace("^2", "²")}`.trim(); };
      input.oninput = tell;
      input.onchange = () => this.send({ do: "set", name, value: Number(input.value) });
      label.title = doc;
      label.append(name, input, shown);
      tell();
      if (instead) shown.textContent = instead;
      return label;
    });
    byId("sliders").replaceChildren(...made);
  }

  setFrame(frame) {
    this.paused = frame.paused;
    byId("pause").textContent = frame.paused ? "Go" : "Pause";
    if (!(frame.time >= this.begin)) this.begin = this.view.world.simulated ? 0 : frame.time;
    byId("time").textContent = `${(frame.time - this.begin).toFixed(1)} s`;
    byId("contact").hidden = !frame.collided;
    const status = frame.status ?? "NO_GOAL";
    const words = (frame.words ?? "ready") + (frame.paused ? " (paused)" : "");
    const kind = frame.collided ? "bad" : GOOD.includes(status) ? "good"
      : DRIVES.includes(status) ? "drives" : QUIET.includes(status) ? "" : "bad";
    byId("status").className = `pill ${kind}`;
    byId("status").textContent = byId("status").title = frame.collided ? "contact" : words;
  }

  lost() {
    byId("status").className = "pill bad";
    byId("status").textContent = "the server has ended; waiting for it";
  }

  keep({ form, text }) {
    if (form === "yaml") {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "text/yaml" }));
      link.download = "mine.yaml";
      link.click();
      this.say("saved as mine.yaml in the folder of your downloads");
      return;
    }
    navigator.clipboard.writeText(text).then(
      () => this.say("copied: ros2 param set ..., a line for each parameter"),
      () => this.say(text),
    );
  }
}
