// The same workloads with Node's child_process.fork: start|rate|roundtrip|small|memory|death|pool.
const { fork } = require("child_process");
const fs = require("fs");

const roles = {
  // A message may still be under way when the process ends, so the channel is closed behind it.
  leaf: () => process.send(42, () => process.disconnect()),
  echo: () => process.on("message", (message) => process.send(message)),
  count: () => {
    let count = 0;
    process.on("message", (message) => (message === "end" ? process.send(count) : count++));
  },
  negate: () => process.on("message", (number) => process.send(-number)),
};

const start = (role) => fork(__filename, ["child", role], { serialization: "advanced" });
const next = (child) => new Promise((resolve) => child.once("message", resolve));
const ended = (child) => new Promise((resolve) => child.once("exit", resolve));
const microseconds = () => Number(process.hrtime.bigint()) / 1e3;
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const report = (name, value, unit) => console.log(name, value, unit);

async function life() {
  const child = start("leaf");
  const [result, code] = await Promise.all([next(child), ended(child)]);
  if (result !== 42 || code !== 0) throw new Error(`a child gave ${result} and exited with ${code}`);
}

async function echoing() {
  const child = start("echo");
  child.send("up");
  await next(child);
  return child;
}

const workloads = {
  async start() {
    const times = [];
    for (let index = 0; index < 15; index++) {
      const begin = microseconds();
      await life();
      times.push(microseconds() - begin);
    }
    report("start-fork", median(times), "us");
  },
  async rate() {
    let left = 40;
    const begin = microseconds();
    const lane = async () => {
      while (left-- > 0) await life();
    };
    await Promise.all(Array.from({ length: 8 }, lane));
    report("rate-fork", 40 / ((microseconds() - begin) / 1e6), "children/s");
  },
  async roundtrip() {
    const child = await echoing();
    const message = Buffer.alloc(64, 7);
    let begin = 0;
    for (let index = 0; index < 11_000; index++) {
      if (index === 1_000) begin = microseconds();
      child.send(message);
      await next(child);
    }
    report("roundtrip-send", (microseconds() - begin) / 10_000, "us");
    child.disconnect();
  },
  async small() {
    const child = start("count");
    const message = Buffer.alloc(64, 7);
    const total = 100_000;
    const begin = microseconds();
    // At most 256 messages wait to be written.
    for (let sent = 0; sent < total; sent += 256) {
      const batch = Math.min(256, total - sent);
      await new Promise((resolve, reject) => {
        for (let index = 0; index < batch; index++)
          child.send(message, index + 1 === batch ? (error) => (error ? reject(error) : resolve()) : undefined);
      });
    }
    child.send("end");
    if ((await next(child)) !== total) throw new Error("messages are missing");
    report("small-send", total / ((microseconds() - begin) / 1e6), "messages/s");
    child.disconnect();
  },
  async memory() {
    const children = await Promise.all(Array.from({ length: 3 }, echoing));
    const sizes = children.map(({ pid }) =>
      Number(fs.readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").match(/^Pss: +(\d+)/m)[1]));
    report("memory-fork", median(sizes), "KiB");
    children.forEach((child) => child.disconnect());
  },
  async death() {
    const times = [];
    for (let index = 0; index < 10; index++) {
      const child = await echoing();
      const end = ended(child);
      const begin = microseconds();
      process.kill(child.pid, "SIGKILL");
      await end;
      times.push(microseconds() - begin);
    }
    report("death-exit", median(times), "us");
  },
  async pool() {
    const total = 20_000;
    const children = [start("negate"), start("negate")];
    await Promise.all(children.map((child) => (child.send(1), next(child))));
    let sent = 0;
    let received = 0;
    let sum = 0;
    const begin = microseconds();
    await new Promise((resolve) => {
      for (const child of children) {
        const more = () => sent < total && child.send(sent++);
        child.on("message", (result) => {
          sum += result;
          if (++received === total) resolve();
          else more();
        });
        for (let index = 0; index < 64; index++) more();
      }
    });
    if (sum !== (-total * (total - 1)) / 2) throw new Error("results are wrong");
    report("pool-send", total / ((microseconds() - begin) / 1e6), "tasks/s");
    children.forEach((child) => child.disconnect());
  },
};

const [what, role] = process.argv.slice(2);
if (what === "child") roles[role]();
else if (workloads[what])
  workloads[what]().catch((error) => {
    console.error(error);
    process.exit(1);
  });
