import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// The connection to a host is cut, and the link goes on over another one: nobody above notices.
let cutScenarios: [String: Scenario] = [
  "engineKilled": { root, test in
    let events = try await root.events
    try await root.withHosts([relayed("b")]) { hosts in
      let child = try await root.spawn(Echo(), on: hosts)
      try await exchange(child, 1...100, test)
      killEngine(of: root)
      try await exchange(child, 101...300, test)
      try await child.send(0)
      test.equal(try await child.result, 300)
      test.equal(child.exitReport?.cause, .completed)
      test.equal(hosts.all[0].state, .up)
    }
    var seen: [String] = []
    for await event in events {
      switch event.kind {
      case .hostCut(let host, _): seen.append("cut \(host)")
      case .hostResumed(let host, _): seen.append("resumed \(host)")
      case .hostOver(let loss): seen.append("over: \(loss)")
      default: break
      }
      if case .exited = event.kind, event.node == "host:b" { break }
    }
    test.equal(seen, ["cut b", "resumed b"])
  }
]

/// Another host on this machine, whose engine is three processes that can be killed and stopped: one
/// carries what goes there, one what comes from there.
func relayed(_ name: String) -> Host {
  .command(["sh", "-c", "cat | \"$@\" | cat", "sh"], name: name)
}

/// Sends numbers to an echo, and takes their replies.
private func exchange(
  _ child: Child<Int>, _ numbers: ClosedRange<Int>, _ test: Expectations
) async throws {
  for number in numbers { try await child.send(number) }
  var next = numbers.lowerBound
  for try await reply in try await child.messages(of: Int.self) {
    test.equal(reply, next * 2)
    next += 1
    if next > numbers.upperBound { break }
  }
}

/// Kills the engine's commands of host b, with all that they have started themselves.
func killEngine(of root: Node) {
  for engine in children(of: keeper(of: root)) { kill(-engine, SIGKILL) }
}
