import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings

/// A port that nobody uses at present.
private func freePort() -> Int {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  var size = socklen_t(MemoryLayout<sockaddr_in>.size)
  withUnsafeMutablePointer(to: &address) { place in
    place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = bind(descriptor, $0, size)
      getsockname(descriptor, $0, &size)
    }
  }
  return Int(UInt16(bigEndian: address.sin_port))
}

private func python(_ lines: String...) -> Command {
  Command("python3", ["-c", lines.joined(separator: "\n")])
}

/// A server that replies with a status, and with 503 while a file is there.
private func server(at port: Int, unless file: String) -> Command {
  python(
    "import http.server, os",
    "class Handler(http.server.BaseHTTPRequestHandler):",
    "  def do_GET(self):",
    "    self.send_response(503 if os.path.exists('\(file)') else 200)",
    "    self.end_headers()",
    "  def log_message(self, *rest): pass",
    "http.server.HTTPServer(('127.0.0.1', \(port)), Handler).serve_forever()")
}

/// A program that sends messages to the notify socket, a tenth of a second apart, and then sleeps.
private func notifier(_ messages: String...) -> Command {
  python(
    "import os, socket, time",
    "notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)",
    "notify.connect(os.environ['NOTIFY_SOCKET'])",
    "for message in \(messages):",
    "  notify.send(message.encode())",
    "  time.sleep(0.1)",
    "time.sleep(3600)")
}

private func touch(_ path: String) { close(open(path, O_CREAT | O_WRONLY, 0o600)) }

private let quickly = Duration.milliseconds(30)

let readinessScenarios: [String: Scenario] = [
  "checks": { root, test in
    let base = "/tmp/ptree-checks-\(getpid())"
    let (port, webPort) = (freePort(), freePort())
    let commands: [(String, Command, ReadinessCheck)] = [
      (
        "port",
        python(
          "import socket, time", "time.sleep(0.2)",
          "s = socket.create_server(('127.0.0.1', \(port)))", "time.sleep(3600)"), .port(port)
      ),
      (
        "socket",
        python(
          "import socket, time", "s = socket.socket(socket.AF_UNIX)", "s.bind('\(base).s')",
          "time.sleep(0.2)", "s.listen()", "time.sleep(3600)"), .unixSocket("\(base).s")
      ), ("http", server(at: webPort, unless: "\(base).no"), .http("/up", port: webPort)),
      (
        "file", Command("sh", ["-c", "sleep 0.2; touch \(base).f; sleep 3600"]), .file("\(base).f")
      ),
      (
        "command", Command("sh", ["-c", "sleep 0.2; touch \(base).c; sleep 3600"]),
        .command(Command("test", ["-e", "\(base).c"]))
      ),
      (
        "output", Command("sh", ["-c", "echo starting; sleep 0.2; echo it is ready; sleep 3600"]),
        .line(containing: "is ready")
      ),
      (
        "errors", Command("sh", ["-c", "sleep 0.2; echo port 80 >&2; sleep 3600"]),
        .line(matching: #"^port \d+$"#)
      ), ("notify", notifier("STATUS=loading", "READY=1"), .notify()),
    ]
    let events = try await root.events
    try await root.withSupervisor(
      commands.map { ChildSpecification($0.0, $0.1, upWhen: $0.2) }
    ) { supervisor in
      try await supervisor.waitUntilUp(timeout: .patience)
      test.expect(await supervisor.children.allSatisfy { $0.phase == .up })
    }
    var seen: [String: [String]] = [:]
    for await event in events {
      switch event.kind {
      case .ready: seen[event.node, default: []].append("ready")
      case .up: seen[event.node, default: []].append("up")
      case .reported(let report): seen[event.node, default: []].append(report.message)
      case .exited: seen[event.node, default: []].append("exited")
      default: break
      }
      if seen.count == commands.count, seen.values.allSatisfy({ $0.last == "exited" }) { break }
    }
    for (name, _, _) in commands {
      let status = name == "notify" ? ["loading"] : []
      test.equal(seen[name], ["ready"] + status + ["up", "exited"])
    }
    for suffix in ["s", "f", "c"] { unlink("\(base).\(suffix)") }
  },
  "checkFails": { root, test in
    let port = freePort()
    let failure = await test.thrown(SupervisorFailure.self) {
      try await root.withSupervisor(
        [
          ChildSpecification(
            "deaf", Command("sleep", ["3600"]),
            upWhen: .port(port).timed(every: quickly, within: .milliseconds(150)))
        ], intensity: RestartIntensity(restarts: 0)
      ) { try await $0.waitUntilOver() }
    }
    test.equal(
      failure?.chain,
      "deaf could not start: TCP port 127.0.0.1:\(port): it was not up within 150 ms: "
        + "Connection refused; MainProcess gave up")
    let refused = await test.thrown(ProcessTreeError.self) {
      try await root.withSupervisor([
        ChildSpecification("bad", Command("true"), upWhen: .line(matching: "("))
      ]) { _ in }
    }
    test.equal(refused?.code, .invalidSpecification)
    // A probe that hangs ends at its timeout, and the command's own end ends the check.
    let brief = ExternalCommand(
      Command("sh", ["-c", "sleep 0.3; exit 4"]),
      upWhen: .command(Command("sleep", ["3600"])).timed(timeout: .milliseconds(50)))
    let end = await test.thrown(ChildFailure.self) { try await root.spawn(brief).result }
    test.equal(end?.cause, .exited(code: 4))
  },
  "goesDown": { root, test in
    let file = "/tmp/ptree-down-\(getpid())"
    unlink(file)
    let port = freePort()
    let events = try await root.events
    let check = ReadinessCheck.http(port: port)
      .timed(every: quickly, failures: 2, limit: .milliseconds(300))
    try await root.withSupervisor([
      ChildSpecification("web", server(at: port, unless: file), upWhen: check)
    ]) { supervisor in
      try await supervisor.waitUntilUp(timeout: .patience)
      touch(file)
      test.expect(
        try await eventually { await supervisor.child("web")?.phase == .started }, "never down")
      // Up again before the limit.
      unlink(file)
      try await supervisor.waitUntilUp("web", timeout: .patience)
      test.equal(await supervisor.child("web")?.incarnation, 1)
      touch(file)
      test.expect(
        try await eventually { await supervisor.child("web")?.incarnation == 2 }, "no restart")
      unlink(file)
      try await supervisor.waitUntilUp("web", timeout: .patience)
      let lastEnd = await supervisor.child("web")?.lastEnd ?? ""
      test.expect(
        lastEnd.hasSuffix("/: it was down for 300 ms: it replied with status 503"), lastEnd)
    }
    var seen: [String] = []
    for await event in events {
      switch event.kind {
      case .up: seen.append("up")
      case .down: seen.append("down")
      case .restarted: seen.append("restarted")
      default: break
      }
      if seen.count == 6 { break }
    }
    test.equal(seen, ["up", "down", "up", "down", "restarted", "up"])
  },
  "notifies": { root, test in
    let events = try await root.events
    let watched = ExternalCommand(
      notifier("READY=1", "STOPPING=1", "READY=1"),
      upWhen: .notify(watchdog: .milliseconds(600)))
    let failure = await test.thrown(RemoteFailure.self) {
      try await root.spawn(watched, name: "watched").result
    }
    test.equal(
      failure?.text,
      "READY=1 from the command: it has not sent WATCHDOG=1 for 600 ms")
    var seen: [String] = []
    for await event in events {
      switch event.kind {
      case .up: seen.append("up")
      case .down: seen.append("down")
      case .exited: seen.append("exited")
      default: break
      }
      if seen.last == "exited" { break }
    }
    test.equal(seen, ["up", "down", "up", "exited"])
  },
]
