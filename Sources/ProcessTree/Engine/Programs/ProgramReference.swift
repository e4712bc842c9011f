internal import ProcessTreeBase

/// A child's means to find its program: the type's mangled name, or its position in the app's list.
struct ProgramReference: Sendable {
  let name: String
  let listIndex: Int?
  /// Whether the program declares that it may have children.
  let spawnsChildren: Bool

  /// Refers to a program's type; throws if a child could not find it.
  init(_ type: any NodeProgram.Type, listed: [any NodeProgram.Type]) throws(ProcessTreeError) {
    name = TypeName.of(type)
    spawnsChildren = type.spawnsChildren
    listIndex = listed.firstIndex { $0 == type }
    guard listIndex == nil else { return }
    guard name.utf8.count <= TypeName.longest else {
      throw ProcessTreeError(
        .programNotFindable,
        "The name of \(type) has \(name.utf8.count) bytes, more than \(TypeName.longest). "
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

  /// The program's type in a child; only types that conform to `NodeProgram` can be resolved.
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

  /// Looks up a name that this process has made, or its parent has sent over the inherited
  /// descriptor.
  private static func find(_ name: String) -> (any NodeProgram.Type)? {
    TypeName.find(name) as? any NodeProgram.Type
  }
}
