public import ProcessTree

/// An example whose nodes can run on other hosts.
public protocol HostedExample: Example {
  associatedtype Report

  /// Runs the example at the root of a tree, with nodes on hosts.
  ///
  /// - Parameters:
  ///   - root: The root.
  ///   - hosts: The hosts on which nodes start, or `nil` if all start beside the root.
  /// - Returns: The result.
  func run(in root: Node, on hosts: HostPool?) async throws -> Report
}

extension HostedExample {
  /// Runs the example with all nodes beside the root.
  public func run(in root: Node) async throws -> Report { try await run(in: root, on: nil) }
}
