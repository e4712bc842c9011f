/// What a supervisor has to know about a child to keep it: its specification without the program.
package struct ChildRule: Equatable, Sendable {
  package var name: String
  package var restart: RestartType
  package var stopPolicy: StopPolicy
  package var isSignificant: Bool
  package var dependsOn: [String: DependencyCondition]
  package var backoff: RestartBackoff?
  /// How many failures in a row are followed by another life: with one more the supervisor gives
  /// up.
  package var mostFailures: Int?
  /// How many children are made of the rule, `NAME-1` and so on; nil for one with the name itself.
  package var instances: Int?
  /// Whether the child is up as soon as it runs its program.
  package var isUpWhenStarted: Bool
  /// Whether the child starts by itself; one that does not, is as if it had been stopped.
  package var startsByItself: Bool

  package init(
    _ name: String, restart: RestartType = .permanent, stopPolicy: StopPolicy = .default,
    isSignificant: Bool = false, dependsOn: [String: DependencyCondition] = [:],
    backoff: RestartBackoff? = nil, mostFailures: Int? = nil, instances: Int? = nil,
    isUpWhenStarted: Bool = true, startsByItself: Bool = true
  ) {
    self.name = name
    self.restart = restart
    self.stopPolicy = stopPolicy
    self.isSignificant = isSignificant
    self.dependsOn = dependsOn
    self.backoff = backoff
    self.mostFailures = mostFailures
    self.instances = instances
    self.isUpWhenStarted = isUpWhenStarted
    self.startsByItself = startsByItself
  }
}

/// Why a supervisor does not do what it was asked to do.
package struct SupervisorRefusal: Error, Equatable, CustomStringConvertible {
  package enum Kind: Equatable, Sendable {
    case nameTaken, invalidSpecification, noSuchChild, ending
  }

  package let kind: Kind
  package let description: String

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
