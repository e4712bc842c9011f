/// How long the token took, lap by lap.
struct RingTimes: Codable, Sendable {
  /// What the token counted.
  var hops = 0
  /// The nanoseconds of a hop, on the average of each lap.
  private(set) var nanoseconds: [Int] = []

  mutating func finishLap(after time: Duration, hops: Int) {
    nanoseconds.append(Int(time / .nanoseconds(1)) / max(hops, 1))
  }

  /// The time that a part of the laps, from 0 to 1, was not slower than.
  func quantile(_ part: Double) -> Int {
    let sorted = nanoseconds.sorted()
    guard let last = sorted.indices.last else { return 0 }
    return sorted[Int((Double(last) * part).rounded())]
  }
}

/// How often the token was passed on, and how long that took.
public struct RingReport: ExampleReport, Encodable {
  let nodes: Int
  let laps: Int
  let times: RingTimes

  /// Whether the token has counted every hop.
  public var isSuccess: Bool { times.hops == nodes * laps }

  private static let quantiles: [(name: String, part: Double)] = [
    ("minimum", 0), ("median", 0.5), ("p90", 0.9), ("p99", 0.99), ("maximum", 1),
  ]

  /// A line for the hops, one for the times.
  public var text: String {
    let times = Self.quantiles.map { name, part in
      let tenths = self.times.quantile(part) / 100
      return "\(name) \(tenths / 10).\(tenths % 10) µs"
    }
    return """
      \(counted(self.times.hops, "hop")): \(counted(laps, "lap")) round \(counted(nodes, "node"))
      a hop, averaged over a lap: \(times.joined(separator: ", "))
      """
  }

  private enum Key: String, CodingKey {
    case nodes, laps, hops, nanosecondsPerHop
  }

  /// Encodes the numbers, and the times of a hop by their names.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(nodes, forKey: .nodes)
    try container.encode(laps, forKey: .laps)
    try container.encode(times.hops, forKey: .hops)
    let quantiles = Self.quantiles.map { ($0.name, times.quantile($0.part)) }
    try container.encode(
      Dictionary(uniqueKeysWithValues: quantiles), forKey: .nanosecondsPerHop)
  }
}
