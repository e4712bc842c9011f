import Glibc
import Logging
import ProcessTree
import ProcessTreeScenarios

/// Reports and logs and prints, then returns.
struct Talkative: NodeProgram {
  var reports: Int
  func run(in node: Node) async throws {
    for number in 1...reports { node.report("step", completed: number, total: reports) }
    Logger(label: "fixture").warning("a warning", metadata: ["key": "value"])
    node.logger.info("some information")
    print("a line of output")
    let error = "a line of error\nand half a line"
    _ = error.withCString { write(2, $0, strlen($0)) }
  }
}

/// Starts children that come and go.
struct Busy: NodeProgram {
  var children: Int
  func run(in node: Node) async throws {
    for number in 0..<children { _ = try await node.spawn(Square(number: number)).result }
  }
}

/// Writes much.
struct Verbose: NodeProgram {
  var lines: Int
  var depth: Int
  func run(in node: Node) async throws {
    if depth > 0 { return try await node.spawn(Verbose(lines: lines, depth: depth - 1)).result }
    for number in 0..<lines { print("line \(number) of much output from far below") }
  }
}

/// Writes to both streams in turn, from two levels below.
struct TwoStreams: NodeProgram {
  var lines: Int
  var depth: Int
  func run(in node: Node) async throws {
    if depth > 0 { return try await node.spawn(TwoStreams(lines: lines, depth: depth - 1)).result }
    let text = String(repeating: "x", count: 200) + "\n"
    for _ in 0..<lines {
      print(text, terminator: "")
      _ = text.withCString { write(2, $0, strlen($0)) }
    }
  }
}

let eventScenarios: [String: Scenario] = [
  "eventsAfterTheEnd": { root, test in
    let child = try await root.spawn(Square(number: 2))
    _ = try await child.result
    for await event in try await child.events { test.expect(false, "\(event)") }
  },
  "bothStreamsFromBelow": { root, test in
    root.configure { $0.output = .discard }
    let events = try await root.events
    try await root.spawn(TwoStreams(lines: 5_000, depth: 3)).result
    // The node that wrote has its own last lines, and those above it have none.
    var lines: [String: [String]] = [:]
    for await event in events {
      guard case .exited(let report) = event.kind else { continue }
      lines[event.path] = report.lastErrorLines
      if event.path == "Process-1" { break }
    }
    test.equal(lines.count, 4)
    let writer = lines.removeValue(forKey: "Process-1:1:1:1") ?? []
    test.expect(!writer.isEmpty, "\(lines)")
    test.equal(Set(writer), [String(repeating: "x", count: 200)])
    test.expect(lines.values.allSatisfy(\.isEmpty), "\(lines)")
  },
  "endedChildrenAreFreed": { root, test in
    weak var freed: AnyChild?
    do {
      let child = try await root.spawn(Square(number: 2))
      freed = child
      _ = try await child.result
    }
    for _ in 0..<100 where freed != nil { await Task.yield() }
    test.expect(freed == nil, "an ended child is kept")
  },
  "eventsOfOneChild": { root, test in
    let events = try await root.events
    let child = try await root.spawn(Talkative(reports: 3))
    try await child.result
    var seen: [LifecycleEvent] = []
    for await event in events {
      seen.append(event)
      if case .exited = event.kind { break }
    }
    test.equal(seen.map(\.sequence), Array(1...UInt64(seen.count)))
    test.equal(seen.count, 6)
    test.expect(seen.allSatisfy { $0.node == "Process-1" && $0.parentPID == getpid() })
    test.equal(seen.first?.kind, .started)
    test.equal(seen.dropFirst().first?.kind, .ready)
    guard case .exited(let report) = seen.last?.kind else { return test.expect(false) }
    test.equal(report.cause, .completed)
    test.equal(report.lastErrorLines, ["a line of error", "and half a line"])
    test.expect((report.usage?.maximumResidentSize ?? 0) > 1_000_000)
  },
  "eventsFromBelow": { root, test in
    let events = try await root.events
    let child = try await root.spawn(Busy(children: 10))
    try await child.result
    var seen: [String: [LifecycleEvent]] = [:]
    for await event in events {
      seen[event.path, default: []].append(event)
      if case .exited = event.kind, event.path == "Process-1" { break }
    }
    test.equal(seen.count, 11)
    for (path, events) in seen {
      test.equal(events.map(\.sequence), Array(1...UInt64(events.count)))
      test.equal(events.count, 3)
      if path != "Process-1" { test.equal(events.first?.parentPID, child.pid) }
    }
    test.equal(root.snapshot.exitedCount, 11)
    test.equal(root.snapshot.counts, [.ready: 1])
  },
  "reportsAreCoalesced": { root, test in
    let events = try await root.events
    let child = try await root.spawn(Talkative(reports: 10_000))
    try await child.result
    var count = 0
    var represented = 0
    var last: ProgressReport?
    for await event in events {
      if case .reported(let report) = event.kind {
        count += 1
        represented += 1 + report.coalesced
        last = report
      }
      if case .exited = event.kind { break }
    }
    test.expect(count < 5_000, "\(count)")
    test.equal(represented, 10_000)
    test.equal(last?.completed, 10_000)
  },
  "snapshot": { root, test in
    let child = try await root.spawn(Bush(depth: 2, fanOut: 2))
    while root.snapshot.counts[.ready] != 8 { try await Task.sleep(for: .milliseconds(2)) }
    let snapshot = root.snapshot
    test.equal(snapshot.root.name, "MainProcess")
    test.equal(snapshot.root.children.first?.children.map(\.name), ["Process-1:1", "Process-1:2"])
    child.kill()
    _ = try await child.join()
    test.equal(root.snapshot.counts, [.ready: 1])
  },
  "lostNodes": { root, test in
    let events = try await root.events
    let child = try await root.spawn(Bush(depth: 1, fanOut: 3))
    while root.snapshot.counts[.ready] != 5 { try await Task.sleep(for: .milliseconds(2)) }
    child.kill()
    _ = try await child.join()
    var lost = 0
    for await event in events {
      if event.kind == .lost { lost += 1 }
      if case .exited = event.kind { break }
    }
    test.equal(lost, 3)
  },
  "output": { root, test in
    try await root.spawn(Talkative(reports: 1)).result
  },
  "prefixedOutput": { root, test in
    root.configure { $0.output = .prefixed }
    try await root.spawn(Verbose(lines: 3, depth: 2)).result
  },
  "muchOutput": { root, test in
    try await root.spawn(Verbose(lines: 50_000, depth: 2)).result
  },
  "logging": { root, test in
    root.configure { $0.logLevel = .debug }
    try await root.spawn(Talkative(reports: 1)).result
  },
]
