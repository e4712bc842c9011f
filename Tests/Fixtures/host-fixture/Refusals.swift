import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Returns the error that it gets when it sends to an address of another host.
struct Reaching: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> String {
    do {
      let sender = try await node.sender(to: .root, of: Int.self)
      try await sender.send(1)
      try await sender.join()
      return "sent"
    } catch {
      return "\(error)"
    }
  }
}

private func entries(of directory: String) -> Int {
  guard let stream = opendir(directory) else { return 0 }
  defer { closedir(stream) }
  var count = 0
  while readdir(stream) != nil { count += 1 }
  return count - 2
}

/// What cannot be is refused with a clear error, in bounded time.
let refusalScenarios: [String: Scenario] = [
  "badHosts": { root, test in
    var impatient = here("b")
    impatient.lease = .seconds(1)
    let bad: [[Host]] = [
      [here("")], [here("a/b")], [here("b", slots: 0)], [here("b"), here("b")],
      [.ssh("-oProxyCommand=true", name: "b")], [impatient],
    ]
    for hosts in bad {
      let error = await test.thrown(HostError.self) { try await root.withHosts(hosts) { _ in } }
      test.equal(error?.code, .invalidHost)
    }
    test.equal(root.children.count, 0)
  },

  "engines": { root, test in
    let missing = await test.thrown(HostError.self) {
      try await root.withHosts([.command(["/no/such/engine"], name: "b")]) { _ in }
    }
    test.equal(missing?.code, .engineMissing)
    test.expect(missing?.message.contains("/no/such/engine") == true, "\(missing as Any)")
    let cases: [(Host, String)] = [
      (.command(["sh", "-c", "echo no way >&2; exit 3"], name: "b"), "no way"),
      (.command([], name: "b", program: "/no/such/program"), "No such file"),
      (.command(["sh", "-c", "yes | head -c 100000"], name: "b"), "no beginning"),
      (.command(["sh", "-c", "exec /bin/true", "sh"], name: "b"), "ended"),
    ]
    for (host, text) in cases {
      let error = await test.thrown(HostError.self) { try await root.withHosts([host]) { _ in } }
      test.equal(error?.code, text == "No such file" ? .programMissing : .notReached)
      test.expect(error?.message.contains(text) == true, "\(error as Any) without \(text)")
    }
    var slow = Host.command(["sleep", "1000", "#"], name: "b")
    slow.engine = .command(["sh", "-c", "exec sleep 1000", "sh"])
    slow.startDeadline = .milliseconds(300)
    let late = await test.thrown(HostError.self) { try await root.withHosts([slow]) { _ in } }
    test.equal(late?.code, .notInTime)
  },

  // Each engine notes that it is there, and waits for the word.
  "manyHosts": { root, test in
    var template = Array("/tmp/ptree-engines-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { return test.expect(false) }
    let directory = String(cString: made)
    let script =
      "mkdir \(directory)/$$; until [ -e \(directory)/go ]; do sleep 0.02; done; "
      + "rmdir \(directory)/$$; exec \"$@\""
    let hosts = (0..<18).map { Host.command(["sh", "-c", script, "sh"], name: "b\($0)") }
    let watch = Task {
      _ = try await eventually { entries(of: directory) >= 16 }
      try await Task.sleep(for: .milliseconds(300))
      test.equal(entries(of: directory), 16)
      mkdir(directory + "/go", 0o700)
    }
    try await root.withHosts(hosts) { test.equal($0.all.count { $0.state == .up }, 18) }
    try await watch.value
    rmdir(directory + "/go")
    test.equal(rmdir(directory), 0)
  },

  "allFailures": { root, test in
    let hosts = [
      here("b"), .command(["sh", "-c", "echo no way >&2; exit 3"], name: "c"),
      .command(["sh", "-c", "sleep 0.2; echo no key >&2; exit 3"], name: "d"),
    ]
    let error = await test.thrown(HostError.self) { try await root.withHosts(hosts) { _ in } }
    test.equal(error?.host, "c")
    test.expect(error?.message.contains("no way") == true, "\(error as Any)")
    test.expect(error?.message.contains("; host d: ") == true, "\(error as Any)")
    test.expect(error?.message.contains("no key") == true, "\(error as Any)")
    test.equal(root.children.count, 0)
  },

  "fromElsewhere": { root, test in
    let error = await test.thrown(HostError.self) {
      try await Task.detached {
        try await root.withHosts([.command(["/no/such/engine"], name: "b")]) { _ in }
      }.value
    }
    test.equal(error?.code, .engineMissing)
    let square = try await Task.detached {
      try await root.withHosts([here("b")]) { hosts in
        try await root.spawn(Square(number: 6), on: hosts).result
      }
    }.value
    test.equal(square, 36)
  },

  "noise": { root, test in
    let engine = ["sh", "-c", "echo welcome to b; echo mind the gap; exec \"$@\"", "sh"]
    let events = try await root.events
    try await root.withHosts([.command(engine, name: "b")]) { hosts in
      test.equal(try await root.spawn(Square(number: 2), on: hosts).result, 4)
    }
    for await event in events {
      if case .messageRejected(let reason) = event.kind {
        test.expect(reason.contains("welcome to b"), reason)
        break
      }
      if case .exited = event.kind, event.node == "host:b" {
        test.expect(false, "no event tells of the noise")
        break
      }
    }
  },
]
