//! WebSockets byte by byte: what a library would never send.

use gateway::{Role, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::street::{counted, server, token};

/// A connection after the handshake, with nothing between it and the bytes.
async fn raw(server: &Server, driver: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let ask = format!(
        "GET /v1/driver HTTP/1.1\r\nhost: x\r\nconnection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nauthorization: Bearer {}\r\n\r\n",
        token(server, Role::Driver, driver)
    );
    // In two pieces, and with the first frame behind it: nothing is lost between the handshake and the line.
    stream.write_all(&ask.as_bytes()[..40]).await.unwrap();
    stream.write_all(&[&ask.as_bytes()[40..], &masked(0x89, b"early")].concat()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    // The example of RFC 6455, 1.3.
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{head}");
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(frame(&mut stream).await.unwrap());
    }
    assert!(heard.contains(&(0x8A, b"early".to_vec())), "{heard:?}");
    heard.retain(|(first, _)| *first == 0x81);
    assert!(heard[0].1.starts_with(br#"{"type":"welcome""#) && heard[1].1.starts_with(br#"{"type":"standing""#));
    stream
}

fn masked(first: u8, content: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut bytes = vec![first];
    match content.len() {
        length @ 0..=125 => bytes.push(0x80 | length as u8),
        length => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(content.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The next frame of the server: its first byte, and what it holds. Nothing when the connection ends properly.
async fn frame(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let first = stream.read_u8().await.ok()?;
    let length = match stream.read_u8().await.unwrap() {
        126 => usize::from(stream.read_u16().await.unwrap()),
        length => usize::from(length),
    };
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await.unwrap();
    Some((first, content))
}

/// The close code with which the server ends, after whatever it says before.
async fn close_code(stream: &mut TcpStream) -> Option<u16> {
    while let Some((first, content)) = frame(stream).await {
        if first == 0x88 {
            return Some(u16::from_be_bytes([content[0], content[1]]));
        }
    }
    None
}

#[tokio::test]
async fn whatever_is_no_frame_of_a_client_is_told_so() {
    let server = server().await;
    let longest = masked(0x01, &[b'x'; 60_000]);
    for (bytes, code) in [
        (vec![0x81, 2, b'h', b'i'], 1002),
        (masked(0xC1, b"compressed"), 1002),
        (masked(0x83, b"reserved"), 1002),
        (masked(0x80, b"goes on with nothing"), 1002),
        ([masked(0x01, b"begins"), masked(0x81, b"and again")].concat(), 1002),
        (masked(0x09, b"a ping in pieces"), 1002),
        (masked(0x89, &[0; 126]), 1002),
        (masked(0x88, &[3]), 1002),
        (masked(0x88, &1005_u16.to_be_bytes()), 1002),
        (masked(0x81, &[0xFF, 0xFE]), 1007),
        ([masked(0x01, &[0xE2, 0x98]), masked(0x80, b"x")].concat(), 1007),
        ([longest.clone(), masked(0x00, &[b'x'; 60_000]), masked(0x80, b"too large in pieces")].concat(), 1009),
        (masked(0x88, b""), 1000),
        (masked(0x88, &[&1001_u16.to_be_bytes()[..], b"I go"].concat()), 1000),
    ] {
        let mut stream = raw(&server, "ann").await;
        stream.write_all(&bytes).await.unwrap();
        assert_eq!(close_code(&mut stream).await, Some(code), "{:02x?}", &bytes[..bytes.len().min(16)]);
        // The farewell is answered: then the connection ends properly, without a reset.
        stream.write_all(&masked(0x88, &code.to_be_bytes())).await.unwrap();
        assert_eq!(frame(&mut stream).await, None);
    }
    for (reason, count) in [("bad_frames", 9.0), ("not_utf8", 2.0), ("too_large", 1.0), ("gone", 2.0)] {
        let closed = format!("gateway_sockets_closed_total{{kind=\"driver\",reason=\"{reason}\"}}");
        assert_eq!(counted(&server, &closed).await, count, "{reason}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_message_may_come_in_any_pieces_with_signs_of_life_in_between() {
    let server = server().await;
    let mut stream = raw(&server, "ann").await;
    let hello = br#"{"type":"hello","id":7}"#;
    let pieces = [masked(0x01, &hello[..5]), masked(0x89, b"in between"), masked(0x00, b""), masked(0x80, &hello[5..])];
    for byte in pieces.concat() {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(frame(&mut stream).await, Some((0x8A, b"in between".to_vec())));
    let (first, welcome) = frame(&mut stream).await.unwrap();
    assert_eq!((first, welcome.starts_with(br#"{"type":"welcome","re":7,"#)), (0x81, true), "{welcome:?}");
    server.stop().await;
}
