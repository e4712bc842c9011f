extension Duration {
  /// The whole milliseconds, rounded up, as the protocol carries them.
  var wholeMilliseconds: Int {
    let (seconds, attoseconds) = components
    // Longer than thirty years is for ever.
    guard seconds < 1_000_000_000 else { return 1_000_000_000_000 }
    return Int(seconds) * 1_000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
