import Glibc
import ProcessTree

/// Waits until its parent ends it.
struct Waiting: NodeProgram {
  static var spawnsChildren: Bool { false }
  func run(in node: Node) async throws { try await node.waitUntilDraining() }
}

/// A chain of nodes; the result is the number of its levels.
struct Level: NodeProgram {
  var below: Int
  func run(in node: Node) async throws -> Int {
    below == 0 ? 1 : try await node.spawn(Level(below: below - 1)).result + 1
  }
}

/// Starts leaves all at once.
struct Burst: NodeProgram {
  var leaves: Int
  func run(in node: Node) async throws -> Int { try await burst(node, of: leaves) }
}

/// Takes numbers from all of its channels; the result is their count.
struct ChannelsSink: NodeProgram {
  static var spawnsChildren: Bool { false }
  var receivers: [Receiver<Int>]
  func run(in node: Node) async throws -> Int {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for receiver in receivers {
        group.addTask {
          var count = 0
          for try await _ in receiver { count += 1 }
          return count
        }
      }
      return try await group.reduce(0, +)
    }
  }
}

/// What a tree costs as it grows; each kind of growth prints figures for one size.
enum Growth: String, CaseIterable {
  /// Children of the root that live at the same time, and questions to them while others start and
  /// end and a stream flows.
  case nodes
  /// A chain of nodes, each the child of the one before.
  case levels
  /// Channels from the root to one child.
  case channels
  /// Nodes of twenty parents that start and end at once, whose events the root counts.
  case events

  func measure(_ root: Node, _ size: Int) async throws {
    switch self {
    case .nodes: try await measureLiveNodes(root, size)
    case .levels: try await measureLevels(root, size)
    case .channels: try await measureChannels(root, size)
    case .events: try await measureEvents(root, size)
    }
  }
}

private func measureLiveNodes(_ root: Node, _ size: Int) async throws {
  let before = processorTime(of: root.pid)
  var start = now()
  var children: [AnyChild] = []
  for _ in 0..<size { children.append(try await root.spawn(Waiting())) }
  report("start-wall", (now() - start) / Double(size), "us/node")
  report("start-root", (processorTime(of: root.pid) - before) * 1e6 / Double(size), "us/node")
  let memory = children.prefix(20).compactMap(\.pid).map(proportionalSize)
  report("memory", median(memory), "KiB/node")
  report("memory-root", proportionalSize(of: root.pid) / Double(size), "KiB/node")

  let pids = children.compactMap(\.pid)
  try await Task.sleep(for: .seconds(1))
  // The root comes last and then first, so that what it reads is not counted as its work.
  let idle = pids.map(processorTime).reduce(0, +) + processorTime(of: root.pid)
  try await Task.sleep(for: .seconds(3))
  let later = processorTime(of: root.pid) + pids.map(processorTime).reduce(0, +)
  report("idle", (later - idle) / 3 * 100, "percent")

  let times = try await questions(root, to: children)
  report("question-median", median(times), "us")
  report("question-p99", times.sorted()[times.count * 99 / 100], "us")

  start = now()
  for child in children { child.kill() }
  for child in children { try await child.join() }
  report("end-wall", (now() - start) / Double(size), "us/node")
}

/// How long nodes take to explain themselves, while eight leaves at a time start and end, and a
/// stream flows.
private func questions(_ root: Node, to children: [AnyChild]) async throws -> [Double] {
  let (sender, receiver) = root.makePipe(of: [UInt8].self)
  let sink = try await root.spawn(Sink(receiver: receiver))
  let flood = Task {
    let bytes = [UInt8](repeating: 7, count: 64)
    while !Task.isCancelled { try await sender.send(bytes) }
    sender.finish()
  }
  let starts = Task {
    while !Task.isCancelled { _ = try await burst(root, of: 8) }
  }
  var times: [Double] = []
  for index in 0..<500 {
    let child = children[index * 7919 % children.count]
    let start = now()
    _ = try await root.explain(child.address)
    times.append(now() - start)
  }
  starts.cancel()
  flood.cancel()
  _ = await (starts.result, flood.result)
  _ = try await sink.result
  return times
}

private func burst(_ node: Node, of size: Int) async throws -> Int {
  try await node.withChildren(of: Int.self, limit: .max) { group in
    for _ in 0..<size { try await group.spawn(Leaf(number: -34)) }
    return try await group.reduce(0, +)
  }
}

private func measureLevels(_ root: Node, _ size: Int) async throws {
  let start = now()
  let levels = try await root.spawn(Level(below: size - 1)).result
  guard levels == size else { root.exit("\(levels) levels") }
  report("life-wall", (now() - start) / Double(size), "us/level")
}

private func measureChannels(_ root: Node, _ size: Int) async throws {
  let pipes = (0..<size).map { _ in root.makePipe(of: Int.self) }
  let child = try await root.spawn(ChannelsSink(receivers: pipes.map(\.receiver)))
  // Numbers without a receiver are queued at their sender, and the loop does not wait.
  let early = 1_000
  var start = now()
  for _ in 0..<early { for (sender, _) in pipes { try await sender.send(0) } }
  report("send-early", (now() - start) / Double(early * size), "us/number")
  for (sender, _) in pipes { try await sender.join() }
  let rounds = 4_000_000 / size
  start = now()
  for _ in 0..<rounds { for (sender, _) in pipes { try await sender.send(1) } }
  for (sender, _) in pipes { sender.finish() }
  let count = try await child.result
  guard count == (early + rounds) * size else { root.exit("\(count) numbers came") }
  report("send", (now() - start) / Double(rounds * size), "us/number")
}

private func measureEvents(_ root: Node, _ size: Int) async throws {
  let parents = 20
  let total = parents + size / parents * parents
  let events = try await root.events
  let counts = Task {
    var (started, exited) = (0, 0)
    for try await event in events {
      switch event.kind {
      case .started: started += 1
      case .exited: exited += 1
      default: break
      }
      if exited == total { break }
    }
    return (started, exited)
  }
  let start = now()
  let sum = try await root.withChildren(of: Int.self, limit: .max) { group in
    for _ in 0..<parents { try await group.spawn(Burst(leaves: size / parents)) }
    return try await group.reduce(0, +)
  }
  let (started, exited) = try await counts.value
  guard sum == total - parents, started == total, exited == total else {
    root.exit("the sum is \(sum); \(started) starts and \(exited) ends of \(total) were reported")
  }
  report("life-wall", (now() - start) / Double(total), "us/node")
}

/// The processor time of a process, in seconds.
private func processorTime(of pid: Int32) -> Double {
  let fields = readFile("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ")
  guard let fields, fields.count > 13 else { return 0 }
  return ((Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0))
    / Double(sysconf(Int32(_SC_CLK_TCK)))
}
