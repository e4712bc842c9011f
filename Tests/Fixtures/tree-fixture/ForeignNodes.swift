import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings

/// Stands for a program in another language, which takes its place.
struct Foreign: NodeProgram {
  var number: Int
  func run(in node: Node) async throws -> String { "\(number) ran here" }
}

/// Adds the numbers of a pipe, and one of its mailbox.
struct Victim: NodeProgram {
  var numbers: Receiver<Int>

  func run(in node: Node) async throws -> Int {
    let mailbox = try await node.mailbox(of: Int.self)
    async let posted = Self.first(of: mailbox)
    var sum = 0
    for try await number in numbers { sum += number }
    return try await sum + (posted ?? 0)
  }

  private static func first(of mailbox: Receiver<Int>) async throws -> Int? {
    for try await number in mailbox { return number }
    return nil
  }
}

/// Executes the script that the test names, in a process that was started as a child.
func becomeForeignNode() {
  guard getenv("PROCESS_TREE_BOOTSTRAP") != nil, let script = getenv("FOREIGN_NODE") else { return }
  var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("python3"), strdup(script), nil]
  execvp("python3", &arguments)
  perror("python3")
  _exit(127)
}

/// Does something while children become no foreign nodes.
private func withoutForeignNodes<Value>(_ body: () async throws -> Value) async throws -> Value {
  let script = getenv("FOREIGN_NODE").map { String(cString: $0) }
  unsetenv("FOREIGN_NODE")
  defer { if let script { setenv("FOREIGN_NODE", script, 1) } }
  return try await body()
}

let foreignScenarios: [String: Scenario] = [
  "hostileSibling": { root, test in
    let (sender, receiver) = root.makePipe(of: Int.self)
    let victim = try await withoutForeignNodes {
      try await root.spawn(Victim(numbers: receiver), name: "victim")
    }
    // It has its end by then, and listens.
    try await sender.send(1)
    let events = try await root.events
    let hostile = try await root.spawn(Foreign(number: 7), name: "hostile")
    let tried = try await hostile.result
    for line in tried.split(separator: "\n") { test.expect(line.hasSuffix("ok"), String(line)) }
    test.expect(tried.split(separator: "\n").count == 24, tried)
    for number in 2...10 { try await sender.send(number) }
    sender.finish()
    // It receives from its pipe and from its mailbox as if nothing had happened.
    try await root.sender(to: victim.address, of: Int.self).send(1_000)
    test.equal(try await victim.result(timeout: .patience), 1_055)
    var (refused, rejected) = (false, false)
    for await event in events {
      if case .connectionRefused = event.kind { refused = true }
      if case .messageRejected(let reason) = event.kind, reason.contains("not below it") {
        rejected = true
      }
      if refused, rejected { break }
    }
  },
  "foreignNode": { root, test in
    let child = try await root.spawn(Foreign(number: 7))
    try await child.send("who is there?")
    var answers = try await child.messages(of: String.self).makeAsyncIterator()
    test.equal(try await answers.next(), "asked who is there?, given {'number': 7}")
    test.equal(try await child.result, "python")
    test.equal(child.exitReport?.cause, .completed)
    test.equal(try await answers.next(), nil)
  },
  "foreignNodeOfAnotherVersion": { root, test in
    let events = try await root.events
    let child = try root.makeChild(Foreign(number: 7))
    try? await child.start()
    // The link is not needed before.
    try? await child.send("who is there?")
    for await event in events {
      guard case .connectionRefused(let reason) = event.kind else { continue }
      for part in [child.name, "2.0", "5.1"] { test.expect(reason.contains(part), reason) }
      break
    }
    _ = try await child.join()
    let lines = child.exitReport?.lastErrorLines ?? []
    test.expect(
      lines.contains { $0.contains("refused: \(child.name)") && $0.contains("5.1") }, "\(lines)")
  },
]
