/// Decides how many inputs go into an envelope, by what envelopes have cost.
///
/// The first hold one input. As envelopes come back they grow, at most twofold each time, until the
/// slowest stage spends about the aimed time on one: long enough that an envelope's own cost does
/// not count, short enough that all workers have something to do.
@usableFromInline
struct EnvelopeSizer: Sendable {
  /// How long the slowest stage is to spend on an envelope, in nanoseconds.
  static let aim: Double = 2_000_000
  /// How many inputs an envelope holds at most.
  static let largest = 8_192
  /// How many bytes an envelope is to hold at most, unless one input alone has more.
  @usableFromInline static var bytes: Int { 256 << 10 }

  /// How many inputs the next envelope may hold.
  private(set) var count = 1
  private var costOfInput: Double?

  /// Notes what an envelope cost at the stage that was slowest with it, in nanoseconds.
  mutating func record(inputs: Int, cost: UInt64) {
    guard inputs > 0 else { return }
    let each = Double(cost) / Double(inputs)
    // A cheap one counts more than a dear one, which may only have waited for a processor.
    let smoothed = costOfInput.map { each < $0 ? (each + $0) / 2 : $0 + (each - $0) / 8 } ?? each
    costOfInput = smoothed
    let ideal = Self.aim / max(smoothed, Self.aim / Double(Self.largest))
    // Only as far as envelopes of that size have been seen to pass.
    let reach = max(count, inputs * 2)
    count = max(1, min(Int(ideal), reach, Self.largest))
  }

  /// About how many bytes an input has, where that can be told without encoding it.
  @inlinable
  static func bytes<Input>(of input: Input) -> Int {
    if Input.self == String.self { return unsafeBitCast(input, to: String.self).utf8.count }
    if Input.self == [UInt8].self { return unsafeBitCast(input, to: [UInt8].self).count }
    return MemoryLayout<Input>.size
  }
}
