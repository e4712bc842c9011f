extension NodeRuntime {
  /// The host for the next life of a supervised child; nil if it names none.
  ///
  /// - Throws: ``HostError`` if none of those that it names is up.
  func host(among names: [String]) throws(HostError) -> OpenHost? {
    guard !names.isEmpty else { return nil }
    let open = hosts.values.compactMap(\.handle).filter { $0.isNamed(in: names) }
    guard let host = HostPool.leastUsed(of: open.sorted { $0.number < $1.number }) else {
      throw HostError(.over, host: names.joined(separator: ", "), "no host of this name is up")
    }
    return host
  }
}
