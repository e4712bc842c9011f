import Glibc
import ProcessTree
import ProcessTreeScenarios

/// Stands for a program in another language, which takes its place.
struct Foreign: NodeProgram {
  var number: Int
  func run(in node: Node) async throws -> String { "\(number) ran here" }
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
      try await root.spawn(Sum(numbers: receiver), name: "victim")
    }
    // It has its end by then, and listens.
    try await sender.send(1)
    let events = try await root.events
    let hostile = try await root.spawn(Foreign(number: 7), name: "hostile")
    let tried = try await hostile.result
    for line in tried.split(separator: "\n") { test.expect(line.hasSuffix("ok"), String(line)) }
    test.expect(tried.split(separator: "\n").count >= 16, tried)
    for number in 2...10 { try await sender.send(number) }
    sender.finish()
    test.equal(try await victim.result, 55)
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
      for part in [child.name, "2.0", "4.1"] { test.expect(reason.contains(part), reason) }
      break
    }
    _ = try await child.join()
    let lines = child.exitReport?.lastErrorLines ?? []
    test.expect(
      lines.contains { $0.contains("refused: \(child.name)") && $0.contains("4.1") }, "\(lines)")
  },
]
