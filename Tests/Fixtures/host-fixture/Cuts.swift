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
      for engine in engines(of: root) { engine.cut(by: .everything) }
      try await exchange(child, 101...300, test)
      try await child.send(0)
      test.equal(try await child.result, 300)
      test.equal(child.exitReport?.cause, .completed)
    }
    test.equal(await words(in: events), ["up b", "cut b", "resumed b"])
  },

  // Words get through in one direction only, or in none, and no connection ends.
  "oneWay": { root, test in
    let events = try await root.events
    var host = relayed("b")
    host.lease = .seconds(8)
    try await root.withHosts([host]) { hosts in
      let child = try await root.spawn(Echo(), on: hosts)
      try await exchange(child, 1...10, test)
      for (index, way) in [Engine.Way.there, .back, .both].enumerated() {
        for engine in engines(of: root) { engine.stall(way) }
        try await exchange(child, (index + 1) * 1_000...(index + 1) * 1_000 + 99, test)
      }
      try await child.send(0)
      test.equal(try await child.result, 310)
    }
    let all = ["up b"] + Array(repeating: ["cut b", "resumed b"], count: 3).joined()
    test.equal(await words(in: events), all)
  },

  // The engine cannot be started for a while, and what is asked for meanwhile is done later.
  "placedInACut": { root, test in
    try await root.withHosts([relayed("b")]) { hosts in
      let child = try await root.spawn(Echo(), on: hosts)
      Engine.isDown = true
      for engine in engines(of: root) { engine.cut(by: .there) }
      let isCut = try await eventually { hosts.all[0].state == .cut }
      test.expect(isCut, "\(hosts.all[0].state)")
      let picture = root.snapshot.root.children
      test.expect(picture.contains { $0.name == "host:b" && $0.isCut }, "no snapshot has the cut")
      let late = try root.makeChild(Square(number: 7), on: hosts)
      let stopped = Task { _ = try await child.stop() }
      let start = Task { try await late.start() }
      try await Task.sleep(for: .milliseconds(1_500))
      test.expect(child.isAlive && late.phase < .ready, "something has been heard in a cut")
      Engine.isDown = false
      try await start.value
      test.equal(try await late.result, 49)
      try await stopped.value
      test.expect(child.exitReport?.cause.isStop == true, "\(child.exitReport?.cause as Any)")
      test.equal(hosts.all[0].state, .up)
    }
  },

  // The lease decides for a child that is being stopped.
  "stoppedInACutForGood": { root, test in
    var host = relayed("b")
    host.lease = .seconds(2)
    try await root.withHosts([host]) { hosts in
      let child = try await root.spawn(Ending(way: "sleep"), on: hosts, stopPolicy: .kill)
      let pid = child.pid ?? 0
      Engine.isDown = true
      for engine in engines(of: root) { engine.stall(.both) }
      _ = try await child.stop()
      test.expect(!isRunning(pid), "the child outlives its host")
      guard case .over(let loss?) = hosts.all[0].state else {
        return test.expect(false, "\(hosts.all[0].state) is no loss")
      }
      test.equal(loss.evidence, .leaseOver)
      test.expect(loss.reason.contains("the last attempt to reach it: sh"), loss.reason)
    }
    Engine.isDown = false
  },

  // The near half is asked to end while it hears nothing: the far half goes on, and is ended.
  "keeperEndedInACut": { root, test in
    var host = relayed("b")
    host.lease = .seconds(20)
    try await root.withHosts([host]) { hosts in
      let child = try await root.spawn(Ending(way: "sleep"), on: hosts)
      let (pid, near) = (child.pid ?? 0, keeper(of: root))
      Engine.isDown = true
      for engine in engines(of: root) { engine.stall(.both) }
      kill(near, SIGTERM)
      let hasEnded = try await eventually(within: .seconds(14)) { !isRunning(near) }
      test.expect(hasEnded, "the near half runs on")
      test.expect(isRunning(pid) && child.isAlive, "the host is over although it runs on")
      Engine.isDown = false
      try await child.join()
      test.expect(!isRunning(pid), "the child outlives its host")
      guard case .hostLost(let loss)? = child.exitReport?.cause else {
        return test.expect(false, "\(child.exitReport?.cause as Any) is no loss of the host")
      }
      test.equal(loss.evidence, .fenced)
    }
  },

  "strangers": { root, test in
    let events = try await root.events
    try await root.withHosts([relayed("b")]) { hosts in
      let child = try await root.spawn(Echo(), on: hosts)
      let door = socket(of: parent(child.pid ?? 0))
      test.expect(door != nil, "the far half has no socket")
      for word in ["", "short", String(repeating: "x", count: 32) + "\u{1}"] {
        test.expect(talk(to: door ?? "", word) == "", "a stranger has an answer")
      }
      for engine in engines(of: root) { engine.cut(by: .back) }
      try await exchange(child, 1...100, test)
      try await child.send(0)
      test.equal(try await child.result, 100)
    }
    var refusals: [String] = []
    for await event in events {
      if case .connectionRefused(let reason) = event.kind { refusals.append(reason) }
      if case .exited = event.kind, event.node == "host:b" { break }
    }
    test.expect(refusals.count == 2 && refusals[0].contains("Host b"), "\(refusals)")
  },
]

/// Cuts at random moments, as many as the first argument; the second one is the seed.
let manyCutsScenarios: [String: Scenario] = [
  "manyCuts": { root, test in
    let arguments = CommandLine.arguments
    let cuts = arguments.count > 2 ? Int(arguments[2]) ?? 50 : 50
    let seed = UInt64.random(in: 1...(1 << 32))
    print("manyCuts: seed \(seed)")
    var random = SeededRandom(arguments.count > 3 ? UInt64(arguments[3]) ?? seed : seed)
    var host = relayed("b")
    // A silent cut and a connection after it take two seconds each time where many use the machine.
    host.lease = .seconds(8)
    let events = try await root.events
    try await root.withHosts([host]) { hosts in
      let small = try await root.spawn(Echo(), on: hosts)
      let large = try await root.spawn(LargeEcho(), on: hosts)
      let progress = Progress()
      let talking = Task { try await talk(small, progress, test) }
      let carrying = Task { try await carry(large, progress, test) }
      for _ in 0..<cuts {
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...60, using: &random)))
        let isDown = Int.random(in: 0..<10, using: &random) == 0
        Engine.isDown = isDown
        let way = Engine.Way.allCases.randomElement(using: &random) ?? .everything
        let isStall = Int.random(in: 0..<12, using: &random) == 0
        for engine in engines(of: root) { isStall ? engine.stall(way) : engine.cut(by: way) }
        if isDown {
          try await Task.sleep(for: .milliseconds(Int.random(in: 50...500, using: &random)))
          Engine.isDown = false
        }
        _ = try await eventually { hosts.all[0].state != .up }
        // A link that is never up for long enough for an answer is a lost host. A round may end
        // with elements that were here already, without the link; the next one needs it, and comes
        // behind the answer about the lease.
        let before = progress.count
        let isUp = try await eventually(within: .seconds(20)) {
          hosts.all[0].state == .up && progress.count > before + 1
        }
        test.expect(isUp, "\(hosts.all[0].state)")
        guard isUp else { break }
      }
      progress.end()
      // The loss shows more than its consequences.
      test.equal(hosts.all[0].loss?.reason, nil)
      let (count, largeCount) = (try await talking.value, try await carrying.value)
      test.equal(try await small.result, count)
      test.equal(try await large.result, largeCount)
      print("manyCuts: \(count) messages, \(largeCount) large ones")
      test.expect(count > cuts && largeCount > 0, "\(count) and \(largeCount) messages")
    }
    let seen = await words(in: events)
    test.expect(!seen.contains { $0.hasPrefix("over") }, "\(seen)")
    test.expect(seen.count { $0 == "resumed b" } >= cuts, "\(seen.count) events")
  }
]

/// Sends back each message as it came, until an empty one comes.
struct LargeEcho: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> Int {
    var count = 0
    guard let parent = node.parent else { return -1 }
    for try await bytes in try await parent.messages(of: [UInt8].self) {
      guard !bytes.isEmpty else { break }
      try await parent.send(bytes)
      count += 1
    }
    return count
  }
}

/// Sends numbers to an echo, and takes their replies.
func exchange(
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

/// Exchanges numbers until it gets the order to end; returns how many.
///
/// Every one comes back, once and in order.
private func talk(
  _ child: Child<Int>, _ progress: Progress, _ test: Expectations
) async throws -> Int {
  var count = 0
  while !progress.isOver {
    try await exchange(child, count + 1...count + 10, test)
    count += 10
    progress.note()
  }
  try await child.send(0)
  return count
}

private func carry(
  _ child: Child<Int>, _ progress: Progress, _ test: Expectations
) async throws -> Int {
  var count = 0
  var replies = try await child.messages(of: [UInt8].self).makeAsyncIterator()
  while !progress.isOver {
    let sent = (0..<2).map { number in
      [UInt8](repeating: UInt8(truncatingIfNeeded: count + number), count: 70_000 + count + number)
    }
    for bytes in sent { try await child.send(bytes) }
    for bytes in sent { test.expect(try await replies.next() == bytes, "another message came") }
    count += 2
  }
  try await child.send([UInt8]())
  return count
}

/// The events about hosts, in words, until the near half of b has ended.
func words(in events: some AsyncSequence<LifecycleEvent, Never>) async -> [String] {
  var seen: [String] = []
  for await event in events {
    switch event.kind {
    case .hostUp(let host): seen.append("up \(host)")
    case .hostCut(let host, _): seen.append("cut \(host)")
    case .hostResumed(let host, _): seen.append("resumed \(host)")
    case .hostDraining(let host, _): seen.append("draining \(host)")
    case .hostOver(let loss): seen.append("over: \(loss)")
    default: break
    }
    if case .exited = event.kind, event.node == "host:b" { break }
  }
  return seen
}
