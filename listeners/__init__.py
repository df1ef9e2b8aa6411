"""The server sockets: CIM-XML, the web application, TLS, who may talk."""
