import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings

/// Sends a message once it has its place, and keeps it.
struct Placed: NodeProgram {
  func run(in node: Node) async throws {
    try await node.parent?.send(true)
    try await node.sleep(for: .seconds(3_600))
  }
}

/// Notes that it runs, as a file, while it works; starts children of its own further up.
struct Rung: NodeProgram {
  var depth: Int
  var directory: String

  func run(in node: Node) async throws -> Int {
    try await work(in: node)
    guard depth > 0 else { return 1 }
    let below = try await node.withChildren(of: Int.self) { group in
      for _ in 1...2 { try await group.spawn(Rung(depth: depth - 1, directory: directory)) }
      return try await group.reduce(0, +)
    }
    try await work(in: node)
    return below + 1
  }

  private func work(in node: Node) async throws {
    let file = "\(directory)/\(node.pid)"
    close(open(file, O_CREAT | O_WRONLY, 0o600))
    usleep(2_000)
    let running = entries(of: directory)
    unlink(file)
    guard running <= node.configuration.treeLimit ?? .max else { node.exit("\(running) run") }
  }
}

private func entries(of directory: String) -> Int {
  guard let stream = opendir(directory) else { return 0 }
  defer { closedir(stream) }
  var count = -2
  while readdir(stream) != nil { count += 1 }
  return count
}

/// Keeps its place under the tree's limit.
struct Occupied: NodeProgram {
  func run(in node: Node) async throws {
    while true { try await node.sleep(for: .milliseconds(10)) }
  }
}

/// Asks a service once.
struct Asking: NodeProgram {
  var client: Client<Int, Int>

  func run(in node: Node) async throws -> Int { try await client.call(1) }
}

/// Answers until it is stopped.
struct Answering: NodeProgram {
  var service: Service<Int, Int>

  func run(in node: Node) async throws { try await service.serve(limit: 1) { $0 + 1 } }
}

let treeLimitScenarios: [String: Scenario] = [
  "oneLimitForTheWholeTree": { root, expect in
    for limit in [1, 2, 5] {
      root.configure { $0.treeLimit = limit }
      var template = Array("/tmp/ptree-rungs-XXXXXX".utf8CString)
      guard let made = mkdtemp(&template) else { return expect.expect(false) }
      let directory = String(cString: made)
      let children = try await root.withChildren(of: Int.self) { group in
        for _ in 1...2 { try await group.spawn(Rung(depth: 3, directory: directory)) }
        return try await group.reduce(0, +)
      }
      expect.equal(children, 30)
      rmdir(directory)
    }
  },
  "whoWaitsForAPlaceSaysSo": { root, expect in
    root.configure { $0.treeLimit = 1 }
    let working = try await root.spawn(Occupied(), name: "working")
    let waiting = try root.makeChild(Occupied(), name: "waiting")
    let start = Task { try await waiting.start() }
    var found: NodeWait?
    _ = try await eventually {
      // A child is ready before its program has taken a place: the second one may have been
      // quicker.
      for child in [waiting, working] where found == nil {
        let explanation = try? await root.explain(child.address, within: .patience)
        found = explanation?.waits.first { $0.kind == .slot }
      }
      return found != nil
    }
    expect.equal(found?.detail, "1 programs of the tree run at a time")
    expect.expect(found?.remedy.contains("has to end") == true, "\(found as Any)")
    working.kill()
    try await start.value
    waiting.kill()
    for child in [working, waiting] { try await child.join() }
  },
  // A caller that waits for an answer does not keep the nodes that would give it from running.
  "callersLendTheirPlace": { root, expect in
    root.configure { $0.treeLimit = 1 }
    let (client, service) = root.makeService(of: Int.self, returning: Int.self)
    let asking = try await root.spawn(Asking(client: client))
    let answering = try await root.spawn(Answering(service: service))
    let status = try await asking.join(timeout: .seconds(60))
    expect.equal(status, .exited(0))
    if status != nil { expect.equal(try await asking.result, 2) }
    _ = try await asking.stop()
    _ = try await answering.stop()
  },
  "slotsOfKilledNodesAreFree": { root, expect in
    root.configure { $0.treeLimit = 1 }
    let holder = try await root.spawn(Placed())
    for try await _ in try await holder.messages(of: Bool.self) { break }
    let next = try await root.spawn(Producer(sender: root.discard(), count: 1))
    expect.expect(try await next.join(timeout: .milliseconds(100)) == nil)
    holder.kill()
    expect.equal(try await next.join(timeout: .patience), .exited(0))
  },
]
