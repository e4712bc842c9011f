/// All that a child must know before it can connect: sent over the descriptor that it inherits.
package struct BootstrapRecord: Codable, Sendable {
  /// Where the parent's two sockets are.
  package struct Endpoints: Codable, Sendable {
    package var control: String
    package var data: String

    package init(control: String, data: String) {
      self.control = control
      self.data = data
    }
  }

  /// A node as another sees it.
  package struct Peer: Codable, Sendable {
    package var name: String
    package var pid: Int32

    package init(name: String, pid: Int32) {
      self.name = name
      self.pid = pid
    }
  }

  /// The run that the child belongs to.
  package struct Run: Codable, Sendable {
    package var id: UInt32
    package var rootPID: Int32
    package var rootStartTime: UInt64
    package var directory: String

    package init(id: UInt32, rootPID: Int32, rootStartTime: UInt64, directory: String) {
      self.id = id
      self.rootPID = rootPID
      self.rootStartTime = rootStartTime
      self.directory = directory
    }
  }

  /// What the child runs.
  package struct Program: Codable, Sendable {
    /// The mangled name of the program's type.
    package var type: String
    /// Its place among the programs that the app lists; nil when it is found by name.
    package var listIndex: Int?
    /// The encoded program; nil when it is too large and comes over the data socket.
    package var arguments: [UInt8]?

    package init(type: String, listIndex: Int?, arguments: [UInt8]?) {
      self.type = type
      self.listIndex = listIndex
      self.arguments = arguments
    }
  }

  package var run: Run
  package var path: NodePath
  package var name: String
  package var isDaemon: Bool
  package var parent: Peer
  package var credentials: Credentials
  package var endpoints: Endpoints
  package var program: Program
  package var tag: UInt32
  /// The settings that the node inherits, encoded; their meaning is the layers' above.
  package var settings: [UInt8]

  package init(
    run: Run, path: NodePath, name: String, isDaemon: Bool, parent: Peer,
    credentials: Credentials, endpoints: Endpoints, program: Program, tag: UInt32,
    settings: [UInt8]
  ) {
    self.run = run
    self.path = path
    self.name = name
    self.isDaemon = isDaemon
    self.parent = parent
    self.credentials = credentials
    self.endpoints = endpoints
    self.program = program
    self.tag = tag
    self.settings = settings
  }
}
