/// Whether a run has a control group of its own.
public enum ControlGroupMode: String, Hashable, Sendable, Codable, CaseIterable {
  /// The run has none; its processes are known by their tags.
  case off
  /// The run has one where the system allows it.
  case whereAvailable
  /// No child and no command starts without it: ``ProcessTreeError/Code/controlGroupUnavailable``.
  case required
}
