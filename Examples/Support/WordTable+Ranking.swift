import Glibc

extension WordTable {
  /// Some of the entries as columns.
  func counts(of entries: some Collection<Entry>) -> WordCounts {
    var counts = WordCounts()
    counts.letters.reserveCapacity(entries.reduce(0) { $0 + $1.length })
    for entry in entries {
      counts.letters += letters[entry.offset..<entry.offset + entry.length]
      counts.lengths.append(entry.length)
      counts.counts.append(entry.count)
    }
    return counts
  }

  /// Whether an entry comes before another one in a table: by its count, then by its word.
  private func isBefore(_ left: Entry, _ right: Entry) -> Bool {
    guard left.count == right.count else { return left.count > right.count }
    return letters.withUnsafeBytes { letters in
      guard let base = letters.baseAddress else { return false }
      let order = memcmp(
        base + left.offset, base + right.offset, min(left.length, right.length))
      return order == 0 ? left.length < right.length : order < 0
    }
  }

  /// The entries in the order of a table; the first ones only if a number is given.
  func ranked(first most: Int?) -> [Entry] {
    guard let most, most < entries.count else { return entries.sorted(by: isBefore) }
    var best: [Entry] = []
    var last: Entry?
    for entry in entries {
      if let last, !isBefore(entry, last) { continue }
      best.append(entry)
      guard best.count >= 2 * most + 64 else { continue }
      best = Array(best.sorted(by: isBefore).prefix(most))
      last = best.last ?? entry
    }
    return Array(best.sorted(by: isBefore).prefix(most))
  }
}
