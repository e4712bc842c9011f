import Glibc
import ProcessTree

/// Row A: one child after another, from the start to the reaping.
func measureStarts(_ root: Node) async throws {
  _ = try await root.spawn(Leaf(number: 7)).result
  var leaves: [Double] = []
  var inners: [Double] = []
  for _ in 0..<100 {
    var start = now()
    guard try await root.spawn(Leaf(number: 7)).result == 42 else { root.exit(1) }
    leaves.append(now() - start)
    start = now()
    guard try await root.spawn(Inner(number: 7)).result == 42 else { root.exit(1) }
    inners.append(now() - start)
  }
  report("start-leaf", median(leaves), "us")
  report("start-node", median(inners), "us")
}

/// Row B: 200 children, at most 8 alive.
func measureRate(_ root: Node) async throws {
  _ = try await root.spawn(Leaf(number: 7)).result
  let start = now()
  let total = try await root.withChildren(of: Int.self, limit: 8) { group in
    for _ in 0..<200 { try await group.spawn(Leaf(number: -34)) }
    return try await group.reduce(0, +)
  }
  guard total == 200 else { root.exit(1) }
  report("rate", 200 / (now() - start) * 1e6, "children/s")
}

/// Row C: a tree of depth 3 with fan-out 4, 84 descendants: up, the sum to the root, down.
func measureTree(_ root: Node) async throws {
  let start = now()
  let sum = try await Sum(depth: 3, fanOut: 4).run(in: root)
  guard sum == 64 else { root.exit("the sum is \(sum)") }
  report("tree", (now() - start) / 1e3, "ms")
}

/// Row D: 64 bytes there and back.
func measureRoundTrip(_ root: Node, on host: OpenHost? = nil) async throws {
  let child = try await root.spawn(Echo(), on: host)
  let bytes = [UInt8](repeating: 7, count: 64)
  var iterator = try await child.messages(of: [UInt8].self).makeAsyncIterator()
  for _ in 0..<1_000 {
    try await child.send(bytes)
    _ = try await iterator.next()
  }
  let count = 10_000
  let start = now()
  for _ in 0..<count {
    try await child.send(bytes)
    _ = try await iterator.next()
  }
  report("roundtrip", (now() - start) / Double(count), "us")
  try await child.send([UInt8]())
  try await child.result
}

/// Row H: the proportional set size of an idle leaf, of a node with its fork server, and of that.
func measureMemory(_ root: Node) async throws {
  var children: [AnyChild] = []
  for _ in 0..<10 { children.append(try await root.spawn(Idle())) }
  for _ in 0..<10 { children.append(try await root.spawn(IdleLeaf())) }
  let sizes = children.map { proportionalSize(of: $0.pid ?? 0) }
  let helpers = children.prefix(10).map { child -> Double in
    let text = readFile("/proc/\(child.pid ?? 0)/task/\(child.pid ?? 0)/children")
    return text.split(separator: " ").compactMap { Int32($0) }.map(proportionalSize).reduce(0, +)
  }
  report("memory-node", median(zip(sizes, helpers).map(+)), "KiB")
  report("memory-helper", median(Array(helpers)), "KiB")
  report("memory-leaf", median(Array(sizes.suffix(10))), "KiB")
  for child in children { child.kill() }
}

/// Row K: from SIGKILL of a child until its parent's program knows.
func measureDeath(_ root: Node) async throws {
  var times: [Double] = []
  for _ in 0..<50 {
    let child = try await root.spawn(IdleLeaf())
    usleep(2_000)
    let start = now()
    child.kill()
    _ = try await child.join()
    times.append(now() - start)
  }
  report("death", median(times), "us")
}

/// Processor time of an idle tree of 500 nodes, in percent of one core.
func measureIdle(_ root: Node) async throws {
  var children: [AnyChild] = []
  for _ in 0..<500 { children.append(try await root.spawn(IdleLeaf())) }
  try await Task.sleep(for: .seconds(1))
  func ticks() -> Double {
    children.compactMap(\.pid).map { pid in
      let fields = readFile("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ")
      guard let fields, fields.count > 13 else { return 0 }
      return (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)
    }.reduce(0, +)
  }
  let before = ticks()
  try await Task.sleep(for: .seconds(3))
  report("idle-500", (ticks() - before) / 3, "percent")
  for child in children { child.kill() }
}

/// A suspension that the loop resumes, in nanoseconds.
func measureSuspension(_ root: Node) async throws {
  let count = 1_000_000
  let start = now()
  for _ in 0..<count { await Task.yield() }
  report("yield", (now() - start) * 1_000 / Double(count), "ns")
}

func proportionalSize(of pid: Int32) -> Double {
  for line in readFile("/proc/\(pid)/smaps_rollup").split(separator: "\n")
  where line.hasPrefix("Pss:") {
    return line.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
  }
  return 0
}

func readFile(_ path: String) -> String {
  guard let file = fopen(path, "r") else { return "" }
  defer { fclose(file) }
  var bytes = [UInt8](repeating: 0, count: 65_536)
  let count = fread(&bytes, 1, bytes.count, file)
  return String(decoding: bytes.prefix(count), as: UTF8.self)
}

/// What a child's life costs it: for finding out where the time of row A goes.
func measureUsage(_ root: Node) async throws {
  for leaf in [true, false] {
    var faults: [Double] = []
    var user: [Double] = []
    var system: [Double] = []
    for _ in 0..<50 {
      let child =
        leaf ? try await root.spawn(Leaf(number: 7)) : try await root.spawn(Inner(number: 7))
      _ = try await child.result
      guard let usage = child.exitReport?.usage else { continue }
      faults.append(Double(usage.minorPageFaults))
      user.append(usage.userTime / .microseconds(1))
      system.append(usage.systemTime / .microseconds(1))
    }
    let name = leaf ? "leaf" : "node"
    report("usage-\(name)-faults", median(faults), "faults")
    report("usage-\(name)-user", median(user), "us")
    report("usage-\(name)-system", median(system), "us")
  }
}
