internal import ProcessTreeWire

/// How a child finds its program: by the type's mangled name, or by its place in the app's list.
struct ProgramReference: Sendable {
  let name: String
  let listIndex: Int?

  /// Refers to a program's type; throws when a child could not find it.
  ///
  /// Names of private and local types hold an address and are found by nobody, not even in the
  /// same process; that is how they are told.
  init(_ type: any NodeProgram.Type, listed: [any NodeProgram.Type]) throws(ProcessTreeError) {
    name = _mangledTypeName(type) ?? ""
    listIndex = listed.firstIndex { $0 == type }
    guard listIndex == nil else { return }
    guard name.utf8.count <= WireLimits.programName else {
      throw ProcessTreeError(
        .programNotFindable,
        "The name of \(type) has \(name.utf8.count) bytes, more than \(WireLimits.programName). "
          + "List the type in the app's `programs`.")
    }
    guard Self.find(name) == type else {
      throw ProcessTreeError(
        .programNotFindable,
        "No other process can find \(type) by its name, because it is private, fileprivate or "
          + "local, or generic over such a type. Make it internal, or list it in the app's "
          + "`programs`.")
    }
  }

  /// The program's type in a child.
  ///
  /// Only types that conform to `NodeProgram` can be had.
  static func resolve(
    name: String, listIndex: Int?, listed: [any NodeProgram.Type]
  ) throws(ProcessTreeError) -> any NodeProgram.Type {
    if let listIndex {
      guard listed.indices.contains(listIndex) else {
        throw ProcessTreeError(
          .programNotFindable, "The app lists no program with the number \(listIndex).")
      }
      return listed[listIndex]
    }
    guard let type = find(name) else {
      throw ProcessTreeError(.programNotFindable, "No program has the name \(name).")
    }
    return type
  }

  /// Looks a name up that this process, or its parent over the inherited descriptor, has made.
  ///
  /// Not for names from anybody else: the runtime's lookup was seen to crash on names that were
  /// made up.
  private static func find(_ name: String) -> (any NodeProgram.Type)? {
    // Control characters in a mangled name are references to addresses.
    let isPlain = name.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    guard isPlain, !name.isEmpty, name.utf8.count <= WireLimits.programName else { return nil }
    return _typeByName(name) as? any NodeProgram.Type
  }
}
