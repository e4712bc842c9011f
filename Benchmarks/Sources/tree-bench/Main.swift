import Glibc
import ProcessTree

/// Runs one workload and prints its figures, one `name value unit` a line.
@main
struct TreeBench: ProcessTreeApp {
  static var configuration: TreeConfiguration {
    var configuration = TreeConfiguration()
    if let method = getenv("BENCH_START_METHOD").map({ String(cString: $0) }) {
      configuration.startMethod = StartMethod(rawValue: method) ?? .forkServer
    }
    return configuration
  }

  /// Listed programs are found by their number, which is quicker than by their name.
  static var programs: [any NodeProgram.Type] {
    getenv("BENCH_BY_NAME") == nil ? [Leaf.self, Inner.self, Sum.self, Echo.self] : []
  }

  func run(in root: Node) async throws {
    switch CommandLine.arguments.dropFirst().first {
    case "start": try await measureStarts(root)
    case "rate": try await measureRate(root)
    case "tree": try await measureTree(root)
    case "roundtrip": try await measureRoundTrip(root)
    case "memory": try await measureMemory(root)
    case "death": try await measureDeath(root)
    case "idle": try await measureIdle(root)
    case "usage": try await measureUsage(root)
    case "small": try await measureStream(root, size: 64, count: 2_000_000, name: "small")
    case "inside": try await measureInside(root, count: 1_000_000)
    case "medium":
      try await measureStream(root, size: 64 << 10, count: 30_000, name: "medium")
      try await measureShared(root, size: 64 << 10, count: 30_000, name: "medium")
    case "large":
      try await measureStream(root, size: 1 << 20, count: 2_000, name: "large")
      try await measureShared(root, size: 1 << 20, count: 4_000, name: "large")
    case "pool": try await measurePool(root)
    case "pipeline": try await measurePipeline(root)
    case "suspension": try await measureSuspension(root)
    case "host": try await measureHost(root, CommandLine.arguments.dropFirst(2).first ?? "local")
    case "scale": try await scale(root)
    case "count": try await count(root)
    default:
      root.exit(
        "usage: tree-bench start|rate|tree|roundtrip|small|inside|medium|large|pool|pipeline|memory|death|"
          + "idle|suspension|usage\n       tree-bench host DESTINATION\n       tree-bench count "
          + CountedPath.allCases.map(\.rawValue).joined(separator: "|")
          + " COUNT\n       tree-bench scale "
          + Growth.allCases.map(\.rawValue).joined(separator: "|") + " SIZE")
    }
  }

  private func scale(_ root: Node) async throws {
    let words = CommandLine.arguments.dropFirst(2)
    guard words.count == 2, let growth = words.first.flatMap(Growth.init),
      let size = words.last.flatMap({ Int($0) }), size > 0
    else { root.exit("usage: tree-bench scale GROWTH SIZE") }
    try await growth.measure(root, size)
  }

  private func count(_ root: Node) async throws {
    let words = CommandLine.arguments.dropFirst(2)
    guard words.count == 2, let path = words.first.flatMap(CountedPath.init),
      let count = words.last.flatMap({ Int($0) })
    else { root.exit("usage: tree-bench count PATH COUNT") }
    try await path.run(count, in: root)
  }
}

/// Microseconds on the monotonic clock.
func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
}

func report(_ name: String, _ value: Double, _ unit: String) {
  print("\(name) \(value) \(unit)")
}

func median(_ values: [Double]) -> Double {
  values.sorted()[values.count / 2]
}
