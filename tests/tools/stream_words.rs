//! Writes the random words of interleaved chains to standard output, for a battery of statistical tests.
//!
//! 100 chains by turns, three words of each: neighboring chains and blocks meet in one stream, which is what the address
//! layout adds to the published generator. Runs until the reader closes the pipe:
//!
//! ```text
//! cargo run --release --example stream_words | dieharder -a -g 200
//! ```

use std::io::{ErrorKind, Write};

use etascope::random::{Purpose, Stream};

const CHAINS: u64 = 100;
const WORDS: usize = 3;

fn main() -> std::io::Result<()> {
    let stream = Stream::new(1, Purpose::Noise);
    let mut output = std::io::stdout().lock();
    let mut bytes = Vec::new();
    for block in 0.. {
        bytes.clear();
        for chain in 0..CHAINS {
            for word in &stream.block(block, chain)[..WORDS] {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
        }
        match output.write_all(&bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            result => result?,
        }
    }
    Ok(())
}
