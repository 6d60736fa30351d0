// Where mail is handed over that is kept nowhere here: a customer's server, which takes it as a signed post. The package's only door.

export { digestOf, type PostedMessage, postId } from './post-id.js'
export { type Posted, type SignedPost, signedPost } from './signature.js'
export { type Sink, wrongWithUrl } from './sink.js'
export { isTaken, type Posting, SinkClient, type SinkClientOptions } from './sink-client.js'
