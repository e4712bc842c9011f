extension Duration {
  /// The longest wait, a century: nobody can distinguish a longer wait from an endless one.
  ///
  /// Sums of such waits and of instants fit every clock and every system call.
  package static let longest: Duration = .seconds(100 * 365 * 24 * 3_600)

  /// The duration as a wait, forwards or backwards: at most the longest one.
  package var clamped: Duration { Swift.min(Swift.max(self, .zero - .longest), .longest) }

  /// The sum; the longest duration that there is when it does not fit.
  package func saturatingAdding(_ other: Duration) -> Duration {
    Duration(attoseconds: attoseconds.saturatingAdding(other.attoseconds))
  }

  /// The whole seconds, rounded up; the nearest number that fits when they do not.
  package var wholeSeconds: Int { rounded(to: 1_000_000_000_000_000_000, .up) }

  /// The whole milliseconds, rounded up so that a short wait does not become none.
  package var wholeMilliseconds: Int { rounded(to: 1_000_000_000_000_000, .up) }

  /// The whole microseconds, cut off.
  package var wholeMicroseconds: Int { rounded(to: 1_000_000_000_000, .towardZero) }

  /// The whole nanoseconds, cut off.
  package var wholeNanoseconds: Int { rounded(to: 1_000_000_000, .towardZero) }

  /// The time in milliseconds, or in seconds with a tenth.
  package var inShort: String {
    let milliseconds = attoseconds / 1_000_000_000_000_000
    guard milliseconds.magnitude >= 1_000 else { return "\(milliseconds) ms" }
    return "\(milliseconds / 1_000).\(milliseconds.magnitude % 1_000 / 100) s"
  }

  /// The only way from a duration to a number: `components` traps for what does not fit.
  private func rounded(to unit: Int128, _ rule: FloatingPointRoundingRule) -> Int {
    let (whole, rest) = attoseconds.quotientAndRemainder(dividingBy: unit)
    return Int(clamping: rule == .up && rest > 0 ? whole + 1 : whole)
  }
}

extension InstantProtocol where Duration == Swift.Duration {
  /// The instant after a wait, however long that is.
  package func after(_ wait: Duration) -> Self { advanced(by: wait.clamped) }
}

/// Arithmetic on numbers that another process sent: the nearest number that fits takes the place of
/// one that does not.
extension FixedWidthInteger {
  /// The sum.
  package func saturatingAdding(_ other: Self) -> Self {
    let (sum, isOverflow) = addingReportingOverflow(other)
    return isOverflow ? (other > 0 ? .max : .min) : sum
  }

  /// The difference.
  package func saturatingSubtracting(_ other: Self) -> Self {
    let (difference, isOverflow) = subtractingReportingOverflow(other)
    return isOverflow ? (other > 0 ? .min : .max) : difference
  }

  /// The product.
  package func saturatingMultiplied(by other: Self) -> Self {
    let (product, isOverflow) = multipliedReportingOverflow(by: other)
    return isOverflow ? ((self > 0) == (other > 0) ? .max : .min) : product
  }
}
