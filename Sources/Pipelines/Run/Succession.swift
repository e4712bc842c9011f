/// The workers of one place as they follow each other: how long the place stays empty after a death,
/// and when no further worker is tried.
///
/// Only work of this place counts, whatever other workers and stages deliver.
struct Succession {
  /// How many workers in a row may die without having got anything done.
  static let limit = 10

  /// Deaths in a row between which nothing was got done.
  private var fruitlessDeaths = 0

  /// Notes a death; how long to wait before a successor is started, nil when there is to be none.
  ///
  /// After a worker that had got something done the next one starts at once; else after 10 ms, doubled
  /// each time, 1 s at most.
  ///
  /// - Parameter isFruitful: Whether the worker had got something done.
  mutating func die(isFruitful: Bool) -> Duration? {
    guard !isFruitful else {
      fruitlessDeaths = 0
      return .zero
    }
    fruitlessDeaths += 1
    guard fruitlessDeaths < Self.limit else { return nil }
    return .milliseconds(min(1_000, 5 << fruitlessDeaths))
  }

  /// Takes back one death that was counted although the worker had begun an item.
  mutating func excuse() { fruitlessDeaths = max(0, fruitlessDeaths - 1) }
}
