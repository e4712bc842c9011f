/// Arithmetic on numbers that another process said: the nearest number that fits takes the place of
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
