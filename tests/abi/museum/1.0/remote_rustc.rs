// SPDX-License-Identifier: Apache-2.0
// A blocking, REMOTE tier in Rust over the tables of ABI 1.0, transcribed from its headers by hand as an author
// without a C compiler would. Its "network" is a Unix datagram socket, from which a thread of its own takes
//   forget             the server lost everything, and says nothing
//   resync             messages may have been missed
//   invalidated <key>  another instance deleted the key
#![no_std]

use core::ffi::{c_char, c_int, c_void};
use core::mem::{size_of, zeroed};
use core::ptr::{copy_nonoverlapping, null, null_mut};
use core::slice::from_raw_parts;
use core::sync::atomic::{AtomicBool, Ordering};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unsafe { abort() }
}

extern "C" {
    fn abort() -> !;
    fn calloc(n: usize, size: usize) -> *mut c_void;
    fn free(p: *mut c_void);
    fn pthread_mutex_lock(mutex: *mut Mutex) -> c_int;
    fn pthread_mutex_unlock(mutex: *mut Mutex) -> c_int;
    fn pthread_create(
        thread: *mut usize,
        attributes: *const c_void,
        body: extern "C" fn(*mut c_void) -> *mut c_void,
        argument: *mut c_void,
    ) -> c_int;
    fn pthread_join(thread: usize, result: *mut *mut c_void) -> c_int;
    fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn bind(fd: c_int, address: *const SocketAddress, size: u32) -> c_int;
    fn recv(fd: c_int, buffer: *mut u8, size: usize, flags: c_int) -> isize;
    fn poll(fds: *mut PollFd, count: usize, timeout_ms: c_int) -> c_int;
    fn close(fd: c_int) -> c_int;
    fn unlink(path: *const u8) -> c_int;
}

#[repr(C)]
struct Mutex([u64; 5]); // pthread_mutex_t of glibc on x86-64; zeros are PTHREAD_MUTEX_INITIALIZER
#[repr(C)]
struct SocketAddress {
    family: u16,
    path: [u8; 108],
}
#[repr(C)]
struct PollFd {
    fd: c_int,
    events: i16,
    revents: i16,
}
const AF_UNIX: c_int = 1;
const SOCK_DGRAM: c_int = 2;
const SOCK_CLOEXEC: c_int = 0o2000000;
const POLLIN: i16 = 1;

// --- authd/abi.h, cache.h, tiers.h ---

#[repr(C)]
#[derive(Clone, Copy)]
struct Str {
    p: *const u8,
    n: usize,
}
#[repr(C)]
struct Error {
    size: u32,
    flags: u32,
    upstream_status: i32,
    retry_after_ms: u32,
    message: Str,
}
#[repr(C)]
struct Value {
    size: u32,
    kind: u32,
    i: i64,
    d: f64,
    s: Str,
}
type Call = c_void;
type Cfg = c_void;
type Out = c_void;
type Status = i32;
const OK: Status = 0;
const NOT_FOUND: Status = 1;
const INVALID: Status = 3;
const UNAVAILABLE: Status = 6;
const INTERNAL: Status = 11;
const TYPE_STRING: u32 = 4;
const REMOTE: u32 = 4;

#[repr(C)]
struct Host {
    size: u32,
    major: u16,
    minor: u16,
    ctx: *mut c_void,
    log: extern "C" fn(*const Host, *const Call, u32, Str, Str),
    fail: extern "C" fn(*const Host, *const Call, Status, *const Error) -> Status,
    put: extern "C" fn(*const Host, *mut Out, Str) -> Status,
    remaining_ms: extern "C" fn(*const Host, *const Call) -> i64,
    cfg_get: extern "C" fn(*const Host, *const Cfg, Str, *mut Value) -> Status,
    cfg_key: extern "C" fn(*const Host, *const Cfg, Str, u32, *mut Str) -> Status,
    service: extern "C" fn(*const Host, *const c_char) -> *const c_void,
}
#[repr(C)]
struct Tiers {
    size: u32,
    pad: u32,
    host: *const Host,
    invalidated: extern "C" fn(*const Tiers, Str),
    resync: extern "C" fn(*const Tiers),
}
#[repr(C)]
struct Lifecycle {
    size: u32,
    flags: u32,
    create: extern "C" fn(*const Host, *const Cfg, *const Call, *mut *mut c_void) -> Status,
    start: Option<extern "C" fn(*mut c_void, *const Call) -> Status>,
    stop: Option<extern "C" fn(*mut c_void, *const Call) -> Status>,
    destroy: extern "C" fn(*mut c_void),
    health: Option<extern "C" fn(*mut c_void, *const Call, *mut c_void) -> Status>,
}
#[repr(C)]
struct CacheOps {
    size: u32,
    flags: u32,
    get: extern "C" fn(*mut c_void, *const Call, Str, *mut Out) -> Status,
    get_stale: extern "C" fn(*mut c_void, *const Call, Str, *mut Out) -> Status,
    set: extern "C" fn(*mut c_void, *const Call, Str, Str, i64, i64) -> Status,
    del: extern "C" fn(*mut c_void, *const Call, Str) -> Status,
    clear: extern "C" fn(*mut c_void, *const Call, Str) -> Status,
    stats: Option<extern "C" fn(*mut c_void, *const Call, *mut c_void) -> Status>,
}
#[repr(C)]
struct Component {
    size: u32,
    pad: u32,
    kind: *const u8,
    name: *const u8,
    summary: *const u8,
    config_schema: *const u8,
    needs: *const *const u8,
    lifecycle: *const Lifecycle,
    ops: *const CacheOps,
}
#[repr(C)]
pub struct Plugin {
    size: u32,
    major: u16,
    min_minor: u16,
    id: *const u8,
    version: *const u8,
    vendor: *const u8,
    license: *const u8,
    url: *const u8,
    components: *const Component,
    component_count: usize,
}

// --- the tier ---

const SLOTS: usize = 16;

#[repr(C)]
struct Slot {
    key_size: usize, // 0: free
    value_size: usize,
    key: [u8; 320],
    value: [u8; 4096],
}
#[repr(C)]
struct Tier {
    host: *const Host,
    tiers: *const Tiers,
    address: SocketAddress,
    fd: c_int,
    thread: usize,
    ends: AtomicBool,
    mutex: Mutex,
    slots: [Slot; SLOTS],
}

fn text(s: &'static str) -> Str {
    Str { p: s.as_ptr(), n: s.len() }
}

unsafe fn bytes<'a>(s: Str) -> &'a [u8] {
    if s.n == 0 { &[] } else { from_raw_parts(s.p, s.n) }
}

unsafe fn fail(host: *const Host, call: *const Call, status: Status, message: &'static str) -> Status {
    let error = Error {
        size: size_of::<Error>() as u32,
        flags: 0,
        upstream_status: 0,
        retry_after_ms: 0,
        message: text(message),
    };
    ((*host).fail)(host, call, status, &error)
}

unsafe fn locked<R>(this: *mut c_void, body: impl FnOnce(&mut Tier) -> R) -> R {
    let tier = this as *mut Tier;
    pthread_mutex_lock(&mut (*tier).mutex);
    let result = body(&mut *tier);
    pthread_mutex_unlock(&mut (*tier).mutex);
    result
}

impl Slot {
    fn holds(&self, key: &[u8]) -> bool {
        self.key_size != 0 && &self.key[..self.key_size] == key
    }
}

extern "C" fn create(
    host: *const Host,
    cfg: *const Cfg,
    call: *const Call,
    this: *mut *mut c_void,
) -> Status {
    unsafe {
        let mut channel: Value = zeroed();
        channel.size = size_of::<Value>() as u32;
        let status = ((*host).cfg_get)(host, cfg, text("/channel"), &mut channel);
        let tiers = ((*host).service)(host, c"authd.tiers/1".as_ptr()) as *const Tiers;
        if status != OK || channel.kind != TYPE_STRING || channel.s.n == 0 || channel.s.n >= 108 {
            return fail(host, call, INVALID, "channel is no path of 1 to 107 bytes");
        }
        let tier = calloc(1, size_of::<Tier>()) as *mut Tier;
        if tier.is_null() || tiers.is_null() {
            return INTERNAL;
        }
        (*tier).host = host;
        (*tier).tiers = tiers;
        (*tier).address.family = AF_UNIX as u16;
        copy_nonoverlapping(channel.s.p, (*tier).address.path.as_mut_ptr(), channel.s.n);
        *this = tier as *mut c_void;
        OK
    }
}

extern "C" fn destroy(this: *mut c_void) {
    unsafe { free(this) }
}

extern "C" fn start(this: *mut c_void, call: *const Call) -> Status {
    unsafe {
        let tier = this as *mut Tier;
        unlink((*tier).address.path.as_ptr());
        (*tier).fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if bind((*tier).fd, &(*tier).address, size_of::<SocketAddress>() as u32) != 0 {
            close((*tier).fd);
            return fail((*tier).host, call, UNAVAILABLE, "the channel cannot be bound");
        }
        if pthread_create(&mut (*tier).thread, null(), listen, this) != 0 {
            close((*tier).fd);
            return INTERNAL;
        }
        OK
    }
}

extern "C" fn stop(this: *mut c_void, _: *const Call) -> Status {
    unsafe {
        let tier = this as *mut Tier;
        (*tier).ends.store(true, Ordering::Relaxed);
        pthread_join((*tier).thread, null_mut());
        close((*tier).fd);
        unlink((*tier).address.path.as_ptr());
        OK
    }
}

extern "C" fn listen(this: *mut c_void) -> *mut c_void {
    unsafe {
        let tier = this as *mut Tier;
        while !(*tier).ends.load(Ordering::Relaxed) {
            let mut waited = PollFd { fd: (*tier).fd, events: POLLIN, revents: 0 };
            if poll(&mut waited, 1, 20) == 1 {
                let mut message = [0u8; 512];
                let n = recv((*tier).fd, message.as_mut_ptr(), message.len(), 0);
                if n > 0 {
                    obey(this, &message[..n as usize]);
                }
            }
        }
        null_mut()
    }
}

unsafe fn obey(this: *mut c_void, message: &[u8]) {
    let tiers = (*(this as *mut Tier)).tiers;
    if message == b"forget" {
        clear(this, null(), text(""));
    } else if message == b"resync" {
        ((*tiers).resync)(tiers);
    } else if let Some(key) = message.strip_prefix(b"invalidated ") {
        ((*tiers).invalidated)(tiers, Str { p: key.as_ptr(), n: key.len() });
    }
}

extern "C" fn get(this: *mut c_void, _: *const Call, key: Str, out: *mut Out) -> Status {
    unsafe {
        locked(this, |tier| {
            let host = tier.host;
            match tier.slots.iter().find(|slot| slot.holds(bytes(key))) {
                Some(slot) => ((*host).put)(host, out, Str { p: slot.value.as_ptr(), n: slot.value_size }),
                None => NOT_FOUND,
            }
        })
    }
}

extern "C" fn set(this: *mut c_void, _: *const Call, key: Str, value: Str, _: i64, _: i64) -> Status {
    unsafe {
        if key.n == 0 || key.n > 320 || value.n > 4096 {
            return INVALID;
        }
        locked(this, |tier| {
            let known = tier.slots.iter().position(|slot| slot.holds(bytes(key)));
            let free = || tier.slots.iter().position(|slot| slot.key_size == 0);
            let slot = &mut tier.slots[known.or_else(free).unwrap_or(0)];
            copy_nonoverlapping(key.p, slot.key.as_mut_ptr(), key.n);
            copy_nonoverlapping(value.p, slot.value.as_mut_ptr(), value.n);
            slot.key_size = key.n;
            slot.value_size = value.n;
            OK
        })
    }
}

extern "C" fn del(this: *mut c_void, _: *const Call, key: Str) -> Status {
    unsafe {
        locked(this, |tier| {
            for slot in tier.slots.iter_mut() {
                if slot.holds(bytes(key)) {
                    slot.key_size = 0;
                }
            }
            OK
        })
    }
}

extern "C" fn clear(this: *mut c_void, _: *const Call, prefix: Str) -> Status {
    unsafe {
        locked(this, |tier| {
            for slot in tier.slots.iter_mut() {
                if slot.key[..slot.key_size].starts_with(bytes(prefix)) {
                    slot.key_size = 0;
                }
            }
            OK
        })
    }
}

// --- descriptor and note ---

macro_rules! schema {
    () => {
        r#"{"type": "object", "properties": {"channel": {"type": "string", "format": "path"}}, "required": ["channel"]}"#
    };
}
macro_rules! note {
    () => {
        concat!(
            r#"{"id": "museum.rustc", "version": "1.0.0", "toolchain": "rustc", "components": "#,
            r#"[{"kind": "authd.cache/1", "name": "museum-remote", "config_schema": "#,
            schema!(),
            "}]}"
        )
    };
}
const NOTE_TEXT: &[u8] = note!().as_bytes();

#[repr(C, align(4))]
struct Note {
    owner_size: u32,
    descriptor_size: u32,
    kind: u32,
    owner: [u8; 8],
    major: u32,
    min_minor: u32,
    json: [u8; NOTE_TEXT.len()],
    end: [u8; (4 - NOTE_TEXT.len() % 4) % 4],
}

const fn note_text() -> [u8; NOTE_TEXT.len()] {
    let mut text = [0; NOTE_TEXT.len()];
    let mut i = 0;
    while i < text.len() {
        text[i] = NOTE_TEXT[i];
        i += 1;
    }
    text
}

#[used]
#[link_section = ".note.authd"]
static NOTE: Note = Note {
    owner_size: 6,
    descriptor_size: 8 + NOTE_TEXT.len() as u32,
    kind: 1,
    owner: *b"Authd\0\0\0",
    major: 1,
    min_minor: 0,
    json: note_text(),
    end: [0; (4 - NOTE_TEXT.len() % 4) % 4],
};

struct Shared<T>(T);
unsafe impl<T> Sync for Shared<T> {}

static NEEDS: Shared<[*const u8; 2]> = Shared([c"authd.tiers/1".as_ptr() as *const u8, null()]);
static LIFECYCLE: Lifecycle = Lifecycle {
    size: size_of::<Lifecycle>() as u32,
    flags: 0,
    create,
    start: Some(start),
    stop: Some(stop),
    destroy,
    health: None,
};
static OPS: CacheOps = CacheOps {
    size: size_of::<CacheOps>() as u32,
    flags: REMOTE,
    get,
    get_stale: get,
    set,
    del,
    clear,
    stats: None,
};
static COMPONENT: Shared<Component> = Shared(Component {
    size: size_of::<Component>() as u32,
    pad: 0,
    kind: c"authd.cache/1".as_ptr() as *const u8,
    name: c"museum-remote".as_ptr() as *const u8,
    summary: c"a server that a socket stands for, in Rust".as_ptr() as *const u8,
    config_schema: concat!(schema!(), "\0").as_ptr(),
    needs: &NEEDS.0 as *const *const u8,
    lifecycle: &LIFECYCLE,
    ops: &OPS,
});
static PLUGIN: Shared<Plugin> = Shared(Plugin {
    size: size_of::<Plugin>() as u32,
    major: 1,
    min_minor: 0,
    id: c"museum.rustc".as_ptr() as *const u8,
    version: c"1.0.0".as_ptr() as *const u8,
    vendor: c"".as_ptr() as *const u8,
    license: c"Apache-2.0".as_ptr() as *const u8,
    url: c"".as_ptr() as *const u8,
    components: &COMPONENT.0,
    component_count: 1,
});

#[no_mangle]
pub extern "C" fn authd_plugin_v1(_: u32) -> *const Plugin {
    &PLUGIN.0
}
