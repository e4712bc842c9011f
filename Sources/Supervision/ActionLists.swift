extension Array {
  /// This list, followed by another.
  ///
  /// Where the compiler does not know the type of the elements, `+` looks through all conformances
  /// of the program, a fifth of a millisecond, once in each process.
  func adding(_ others: Self) -> Self {
    var all = self
    var index = 0
    while index < others.count {
      all.append(others[index])
      index += 1
    }
    return all
  }
}
