import Glibc
import Pools

/// An error with a value that travels.
struct Refused: Error, Codable, Hashable {
  var number: Int
}

/// Throws for some numbers.
struct Picky: Transform {
  var refused: Set<Int>
  func callAsFunction(_ number: Int) throws -> Int {
    if refused.contains(number) { throw Refused(number: number) }
    return number
  }
}

/// A value whose coding fails, or ends the process, by its own choice.
struct Fragile: Codable, Sendable, Hashable {
  enum Fault: String, Codable {
    case none, encode, decode, crashInEncode, crashInDecode
  }

  /// Where the faults of coding happen: where the input is, or where the output is.
  var number: Int
  var fault = Fault.none

  init(_ number: Int, _ fault: Fault = .none) {
    self.number = number
    self.fault = fault
  }

  enum CodingKeys: String, CodingKey { case number, fault }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    number = try container.decode(Int.self, forKey: .number)
    fault = try container.decode(Fault.self, forKey: .fault)
    if fault == .decode { throw Refused(number: number) }
    if fault == .crashInDecode { crash() }
  }

  func encode(to encoder: any Encoder) throws {
    if fault == .encode { throw Refused(number: number) }
    if fault == .crashInEncode { crash() }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(number, forKey: .number)
    try container.encode(fault, forKey: .fault)
  }
}

/// Returns what it is given.
struct Echo: Transform {
  func callAsFunction(_ value: Fragile) -> Fragile { value }
}

/// Makes fragile results of sound inputs.
struct Break: Transform {
  var every: Int
  var fault: Fragile.Fault
  func callAsFunction(_ number: Int) -> Fragile {
    Fragile(number, number % every == 0 ? fault : .none)
  }
}

func crash() -> Never {
  UnsafeMutablePointer<Int>(bitPattern: 64)?.pointee = 1
  abort()
}

/// How a worker is ended from within.
enum Way: String, Codable, CaseIterable {
  case trap, exit42, exitBehind, exit0, sigkill, sigterm, segfault, abort
}

/// Ends its worker for one number.
struct Deadly: NodeProgram {
  var number: Int
  var deadly: Int
  var way: Way
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> Int {
    guard number == deadly else { return number }
    switch way {
    case .trap:
      let nothing: Int? = number < 0 ? 1 : nil
      precondition(nothing != nil, "a trap")
    case .exit42: node.exit(42)
    case .exit0: node.exit(0)
    case .exitBehind: Glibc.exit(42)
    case .sigkill: kill(getpid(), SIGKILL)
    case .sigterm: kill(getpid(), SIGTERM)
    case .segfault: crash()
    case .abort: Glibc.abort()
    }
    try await Task.sleep(for: .seconds(60))
    return number
  }
}

struct DeadlyTransform: Transform {
  var deadly: Set<Int>
  func callAsFunction(_ number: Int) -> Int {
    if deadly.contains(number) { kill(getpid(), SIGKILL) }
    return number
  }
}

/// Fails some times before it succeeds, as a file counts.
struct Flaky: NodeProgram {
  var path: String
  var failures: Int
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> Int {
    let file = open(path, O_RDWR | O_CREAT | O_APPEND, 0o600)
    defer { close(file) }
    let tries = Int(lseek(file, 0, SEEK_END))
    _ = write(file, "x", 1)
    if tries < failures { throw Refused(number: tries) }
    return tries
  }
}

struct Preparing: PoolInitializer {
  enum Fault: String, Codable {
    case none, error, crash
  }

  var value: Int
  var fault = Fault.none
  nonisolated(unsafe) static var prepared = 0

  func run(in node: Node) async throws {
    switch fault {
    case .none: Self.prepared = value
    case .error: throw Refused(number: value)
    case .crash: crash()
    }
  }
}

struct Prepared: Transform {
  func callAsFunction(_ number: Int) -> Int { number + Preparing.prepared }
}

private struct Hidden: Transform {
  func callAsFunction(_ number: Int) -> Int { number }
}

func mapHidden(_ pool: Pool) async throws -> [Int] {
  try await pool.map(over: [1], using: Hidden())
}
