public import ProcessTree

/// What a child runs: its properties are its arguments, what `run` returns is its result.
struct Square: NodeProgram {
  var number: Int

  // A node without children of its own is cheaper to start.
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> Int { number * number }
}

/// Many children, a few at a time, and their results in order.
///
/// `spawn` waits for a free slot, so the loop may ask for any number of children: never more than
/// the group's limit are alive. When the scope is left no child is, whatever happened inside.
public struct Squares: HostedExample {
  /// What it is run by.
  public static let name = "squares"
  /// What it teaches.
  public static let lesson = "a child per number, a few at a time, results in the order of spawning"

  private let count: Int

  /// Makes the example with the number of squares.
  public init(count: Int) {
    self.count = count
  }

  /// Starts a child for each number.
  public func run(in root: Node, on hosts: HostPool?) async throws -> Report {
    let squares = try await root.withChildren(of: Int.self) { group in
      for number in 1..<count + 1 { try await group.spawn(Square(number: number), on: hosts) }
      return try await group.inSpawnOrder()
    }
    return Report(squares: squares)
  }

  /// The squares, from the one of 1 on.
  public struct Report: ExampleReport, Encodable {
    let squares: [Int]

    /// Whether the squares are those of the numbers from 1 on.
    public var isSuccess: Bool { squares.indices.allSatisfy { squares[$0] == ($0 + 1) * ($0 + 1) } }

    /// Their sum.
    public var total: Int? { squares.reduce(0, &+) }

    /// A line for each square.
    public var text: String {
      squares.enumerated().map { "\($0.offset + 1) squared is \($0.element)" }
        .joined(separator: "\n")
    }

    /// Encodes the numbers as an array.
    public func encode(to encoder: any Encoder) throws { try squares.encode(to: encoder) }
  }
}
