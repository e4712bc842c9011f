extension Place {
  /// The names of the directories directly below, or the first few of them.
  ///
  /// Does not report a directory that cannot be read: the worker that counts the files here does.
  func subdirectories(upTo limit: Int = .max) -> [[UInt8]] {
    var names: [[UInt8]] = []
    guard let directory = try? open() else { return [] }
    while names.count < limit, let entry = try? directory.next() {
      if case .directory = entry.kind { names.append(entry.name) }
    }
    return names
  }
}

/// The order of bytes, which is that of `LC_ALL=C sort`.
func isBefore(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  left.lexicographicallyPrecedes(right)
}
