import Glibc
import Pools

/// Returns the process that runs it.
struct Identity: NodeProgram {
  static var spawnsChildren: Bool { false }
  func run(in node: Node) async throws -> Int32 { getpid() }
}

struct Square: Transform {
  func callAsFunction(_ number: Int) -> Int { number &* number }
}

/// A transform with configuration.
struct Shift: Transform {
  var by: Int
  func callAsFunction(_ number: Int) -> Int { number &+ by }
}

struct SquareProgram: NodeProgram {
  var number: Int
  static var spawnsChildren: Bool { false }
  func run(in node: Node) async throws -> Int { number * number }
}

/// Emits the number that many times, and the number of copies at the end.
struct Copies: Stage {
  private var count = 0

  mutating func process(_ input: Int, emit: (Int) throws -> Void) throws {
    for _ in 0..<input {
      try emit(input)
      count += 1
    }
  }

  func finish(emit: (Int) throws -> Void) throws { try emit(-count) }
}

struct SlowEcho: AsyncStage {
  func process(_ input: Int, emit: (Int) throws -> Void) async throws {
    try await Task.sleep(for: .microseconds(200))
    try emit(input)
  }
}

struct Reversed: Transform {
  func callAsFunction(_ bytes: [UInt8]) -> [UInt8] { bytes.reversed() }
}

struct Shout: Transform {
  func callAsFunction(_ text: String) -> String { text.uppercased() }
}

struct WorkerPID: Transform {
  func callAsFunction(_ input: Int) -> Int32 { getpid() }
}

/// Keeps a processor busy.
struct Busy: Transform {
  var microseconds: Int
  func callAsFunction(_ input: Int) -> Int {
    let end = ContinuousClock.now + .microseconds(microseconds)
    while ContinuousClock.now < end {}
    return input
  }
}

/// Blocks its thread.
struct Blocking: Transform {
  var seconds: UInt32
  func callAsFunction(_ input: Int) -> Int {
    var left = seconds
    while left > 0 { left = sleep(left) }
    return input
  }
}

struct Sleeping: NodeProgram {
  var seconds: Int
  static var spawnsChildren: Bool { false }
  func run(in node: Node) async throws { try await Task.sleep(for: .seconds(seconds)) }
}

/// A pool within a worker of a pool.
struct Nested: NodeProgram {
  var depth: Int
  func run(in node: Node) async throws -> Int {
    guard depth > 0 else { return 1 }
    let depth = depth
    return try await node.withPool(size: 2) { pool in
      try await pool.map(over: 0..<2) { _ in Nested(depth: depth - 1) }.reduce(0, +)
    }
  }
}

/// Holds more and more memory.
struct Leaking: Transform {
  private nonisolated(unsafe) static var held: [[UInt8]] = []
  func callAsFunction(_ input: Int) -> Int32 {
    Self.held.append([UInt8](repeating: 1, count: 1 << 20))
    return getpid()
  }
}
