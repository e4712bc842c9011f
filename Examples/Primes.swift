public import Pools

/// Counts the primes in a range by sieving it.
///
/// A synchronous stage: its properties go to each worker once, not with every range.
struct CountPrimes: Transform {
  /// The primes whose squares may lie in a range.
  var divisors: [Int]

  func callAsFunction(_ range: Span) -> Int {
    sieved(range).count { $0 }
  }

  /// For each number of the range whether it is a prime.
  func sieved(_ range: Span) -> [Bool] {
    var isPrime = [Bool](repeating: true, count: max(0, range.end - range.start))
    for divisor in divisors where divisor * divisor < range.end {
      let first = (range.start + divisor - 1) / divisor * divisor
      let multiples = stride(from: max(first, divisor * divisor), to: range.end, by: divisor)
      for multiple in multiples { isPrime[multiple - range.start] = false }
    }
    return isPrime
  }
}

/// Numbers from one up to another, which does not belong to them.
struct Span: Codable, Sendable {
  var start: Int
  var end: Int
}

/// A pool of workers that share one computation.
///
/// Ranges are taken from the sequence as workers need them, and travel several at a time when they
/// take little time; results come in the order of the ranges.
public struct Primes: HostedExample {
  /// What it is run by.
  public static let name = "primes"
  /// What it teaches.
  public static let lesson = "a pool of workers counts primes, a range at a time"

  private static let spanLength = 1 << 16

  private let limit: Int
  private let workers: Int?

  /// Makes the example with the number below which primes are counted, at least 0, and the number
  /// of workers; as many as there are processors without it.
  public init(limit: Int, workers: Int?) {
    self.limit = limit
    self.workers = workers
  }

  /// Counts.
  public func run(in root: Node, on hosts: HostPool?) async throws -> Report {
    let starts = stride(from: 2, to: limit, by: Self.spanLength)
    let spans = starts.lazy.map { Span(start: $0, end: min($0 + Self.spanLength, limit)) }
    let stage = CountPrimes(divisors: Self.divisors(below: limit))
    let primes = try await root.withPool(size: workers, on: hosts) { pool in
      var primes = 0
      for try await count in pool.stream(over: spans, using: stage) { primes += count }
      return primes
    }
    return Report(limit: limit, primes: primes)
  }

  /// The primes whose squares are below a number.
  private static func divisors(below limit: Int) -> [Int] {
    guard limit > 4 else { return [] }
    let end = Int(Double(limit - 1).squareRoot()) + 1
    let sieve = CountPrimes(divisors: divisors(below: end))
    let isPrime = sieve.sieved(Span(start: 2, end: end))
    return isPrime.indices.filter { isPrime[$0] }.map { $0 + 2 }
  }

  /// How many primes there are.
  public struct Report: ExampleReport, Encodable {
    let limit: Int
    let primes: Int

    /// The number of primes.
    public var total: Int? { primes }

    /// The number in a line.
    public var text: String {
      "\(counted(primes, "prime")) \(primes == 1 ? "is" : "are") below \(limit)"
    }
  }
}
