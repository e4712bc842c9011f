/// How fast a number grows, over the last few seconds.
///
/// A value: the time, counted from any moment, comes in.
struct RateWindow {
  /// How far back it looks.
  static let length: Duration = .seconds(5)
  /// How far apart the samples are that it keeps, at least.
  private static let spacing: Duration = .milliseconds(250)

  private var samples: [(time: Duration, number: Int)] = []
  private(set) var latest = 0
  private var latestTime: Duration = .zero

  /// Takes the number as it is at a time.
  mutating func record(_ number: Int, at time: Duration) {
    // It has been counted anew.
    if number < latest { samples = [] }
    if number != latest { latestTime = time }
    latest = number
    if samples.last.map({ time - $0.time >= Self.spacing }) ?? true {
      samples.append((time, number))
    }
    // The oldest sample that is kept lies at the beginning of the window, or before it.
    while samples.count > 2, time - samples[1].time >= Self.length { samples.removeFirst() }
  }

  /// The growth in a second, as seen at a time; nil while that is not known.
  func rate(at time: Duration) -> Double? {
    guard let first = samples.last(where: { time - $0.time >= Self.length }) ?? samples.first,
      time - first.time >= Self.spacing
    else { return nil }
    guard time - latestTime < Self.length else { return 0 }
    return (Double(latest) - Double(first.number)) / ((time - first.time) / .seconds(1))
  }
}
