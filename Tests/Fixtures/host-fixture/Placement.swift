import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Children run on hosts as they run here.
let placementScenarios: [String: Scenario] = [
  "result": { root, test in
    try await root.withHosts([here("b")]) { hosts in
      let child = try await root.spawn(Square(number: 12), on: hosts)
      test.equal(child.host, "b")
      test.equal(try await child.result, 144)
      test.equal(child.exitReport?.cause, .completed)
      test.equal(child.exitCode, 0)
      test.expect(child.exitReport?.usage != nil, "no usage")
      let near = try await root.spawn(Square(number: 3))
      test.equal(near.host, nil)
      test.equal(try await near.result, 9)
    }
  },

  "names": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      for host in hosts.all {
        let child = try await root.spawn(Family(), on: host)
        let family = try await child.result
        test.equal(family.map(\.host), [host.name, host.name])
        test.equal(family[0].name, child.name)
        test.equal(family[1].name, "\(child.name):1")
        test.equal(family[0].pid, child.pid)
        // Its process is the far half's, and its own child is its own.
        test.expect(family[0].parent != getpid(), "the root has made it")
        test.equal(family[1].parent, family[0].pid)
      }
    }
  },

  "group": { root, test in
    try await root.withHosts([here("b", slots: 2), here("c", slots: 1)]) { hosts in
      test.equal(hosts.slots, 3)
      let sum = try await root.withChildren(of: Int.self, limit: 6) { group in
        for number in 1...30 { try await group.spawn(Square(number: number), on: hosts) }
        return try await group.reduce(0, +)
      }
      test.equal(sum, (1...30).reduce(0) { $0 + $1 * $1 })
    }
  },

  "messages": { root, test in
    try await root.withHosts([here("b")]) { hosts in
      let child = try await root.spawn(Echo(), on: hosts)
      var count = 0
      for number in 1...500 { try await child.send(number) }
      for try await reply in try await child.messages(of: Int.self) {
        count += 1
        test.equal(reply, count * 2)
        if count == 500 { break }
      }
      try await child.send(0)
      test.equal(try await child.result, 500)
    }
  },

  "largePayloads": { root, test in
    try await root.withHosts([here("b")]) { hosts in
      let given = [UInt8](repeating: 7, count: 3 << 20)
      let child = try await root.spawn(Large(given: given, count: 20 << 20), on: hosts)
      let bytes = try await child.result
      test.equal(bytes.count, 20 << 20)
      test.expect(bytes.allSatisfy { $0 == 7 }, "other bytes came back")
    }
  },

  "events": { root, test in
    let events = try await root.events
    try await root.withHosts([here("b")]) { hosts in
      let child = try await root.spawn(Family(), on: hosts)
      _ = try await child.result
    }
    var seen: [String] = []
    for await event in events {
      switch event.kind {
      case .hostUp(let host): seen.append("up \(host)")
      case .started where event.host == "b", .exited where event.host == "b":
        seen.append("\(event.kind.label) \(event.node)")
      default: break
      }
      if case .exited = event.kind, event.node == "host:b" { break }
    }
    test.equal(seen.first, "up b")
    test.equal(seen.filter { $0.hasPrefix("started") }.count, 2)
    test.equal(seen.filter { $0.hasPrefix("exited") }.count, 2)
  },

  "output": { root, test in
    try await root.withHosts([here("b")]) { hosts in
      let child = try await root.spawn(Talker(), on: hosts, name: "talker")
      try await child.result
      test.equal(child.exitReport?.lastErrorLines, ["err of b"])
    }
  },
]

extension LifecycleEvent.Kind {
  var label: String {
    switch self {
    case .started: "started"
    case .exited: "exited"
    default: "other"
    }
  }
}
