import Glibc
import ProcessTree
import Scenarios
import TestSettings

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
  "slotsOfKilledNodesAreFree": { root, expect in
    root.configure { $0.treeLimit = 1 }
    let holder = try await root.spawn(Holder())
    try await Task.sleep(for: .milliseconds(50))
    let next = try await root.spawn(Producer(sender: root.discard(), count: 1))
    expect.expect(try await next.join(timeout: .milliseconds(100)) == nil)
    holder.kill()
    expect.equal(try await next.join(timeout: .patience), .exited(0))
  },
]
