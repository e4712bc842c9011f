/// What all nodes of a run of a topology know of it.
package struct RunContext: Sendable, Codable {
  /// The run's number in words.
  package var run: String
  package var name: String
  /// A directory of the run alone.
  package var scratch: String

  package init(run: String, name: String, scratch: String) {
    self.run = run
    self.name = name
    self.scratch = scratch
  }
}
