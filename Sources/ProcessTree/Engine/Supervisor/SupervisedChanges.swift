/// What somebody who follows the children of a supervisor sees in one look.
///
/// Belongs to that look, on the node's event loop. It costs as much as has changed, however many
/// children there are.
package struct SupervisedChanges {
  /// The children that have changed since the last look, as they are now; in the first look all, in
  /// the order of start.
  package let changed: [SupervisedChild]
  /// Whether children may be missing that the last look has seen; in the first look they may.
  package let mayLack: Bool
  /// Whether nothing is on its way: no child starts, stops, or waits.
  package let areSettled: Bool
  /// Whether a child is up.
  package let isAnyUp: Bool
  private let look: () -> [SupervisedChild]

  /// - Parameter all: Looks at all children.
  init(
    changed: [SupervisedChild], mayLack: Bool, areSettled: Bool, isAnyUp: Bool,
    all: @escaping () -> [SupervisedChild]
  ) {
    self.changed = changed
    self.mayLack = mayLack
    self.areSettled = areSettled
    self.isAnyUp = isAnyUp
    look = all
  }

  /// A look at children of which only some have changed; at all of them without `changed`.
  package init(_ all: [SupervisedChild], changed: [SupervisedChild]? = nil, mayLack: Bool = true) {
    self.init(
      changed: changed ?? all, mayLack: mayLack, areSettled: all.allSatisfy(\.phase.isSettled),
      isAnyUp: all.contains { $0.phase == .up }, all: { all })
  }

  /// All children in the order of start.
  ///
  /// - Complexity: O(*n*) in the number of children.
  package var all: [SupervisedChild] { look() }
}
