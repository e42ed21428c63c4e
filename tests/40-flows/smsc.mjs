// A message centre: npm's smpp with what it lacks (who may bind, the window, behaviour by plan). Told what to do
// by lines of JSON on standard input, tells what happened on standard output. Peers of tests, no part of Weft.
import fs from 'node:fs'
import readline from 'node:readline'
import { createRequire } from 'node:module'

const smpp = createRequire(new URL('../30-clients/', import.meta.url))('smpp')
const told = JSON.parse(process.argv[2] || '{}')
const WINDOW = told.window ?? 10
const plans = new Map() // number: words, one a message; the last for all that follow. Others: ok
let receipts = told.receipts ?? 'text', answerMs = told.answer_ms ?? 0, count = 0xabcdef00, server
const sessions = new Set(), held = []
// told.chaos: {word: weight}; told.seed. Words by chance, receipts late, twice and out of their order.
const chaos = Object.entries(told.chaos ?? {}), chances = chaos.reduce((n, [, w]) => n + w, 0)
let dice = told.seed ?? 1

function chance() { // mulberry32
    let t = dice = dice + 0x6d2b79f5 | 0
    t = Math.imul(t ^ t >>> 15, t | 1)
    t ^= t + Math.imul(t ^ t >>> 7, t | 61)
    return ((t ^ t >>> 14) >>> 0) / 4294967296
}

function nextWord(to) {
    const words = plans.get(to) ?? ['ok']
    if (!chaos.length) return words.length > 1 ? words.shift() : words[0]
    let at = chance() * chances
    return chaos.find(([, w]) => (at -= w) < 0)?.[0] ?? 'ok'
}

const say = (ev, more = {}) => process.stdout.write(JSON.stringify({ ev, real: Date.now() / 1000, ...more }) + '\n')
const receiver = () => [...sessions].find(s => s.bound && s.mode !== 'transmitter')

function receipt(id, to, from, stat = 'DELIVRD', mode = receipts) {
    const s = receiver()
    if (!s || mode === 'none') return
    const state = { ENROUTE: 1, DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8 }[stat]
    const named = mode === 'decimal' ? String(parseInt(id, 16)) : id
    const pdu = { source_addr: to, destination_addr: from, esm_class: 4,
        short_message: mode === 'tlv' ? 'x' : `id:${named} sub:001 dlvrd:001 submit date:2611240930 done date:2611240931 ` +
            `stat:${stat} err:${stat === 'DELIVRD' ? '000' : '069'} text:` }
    if (mode === 'tlv') Object.assign(pdu, { receipted_message_id: id, message_state: state })
    s.deliver_sm(pdu, r => say('receipted', { id, status: r.command_status }))
}

function submitted(s, pdu) {
    s.open_count++
    if (s.open_count > WINDOW) say('odd', { what: `window ${s.open_count}` })
    const word = nextWord(pdu.destination_addr)
    const id = (count++).toString(16), octets = pdu.short_message.message
    const udh = pdu.short_message.udh?.[0]
    const answer = (more, then) => {
        s.open_count--
        s.send(pdu.response(more), then)
    }
    // text as the phone shows it: the parts of one reference together
    const text = Buffer.isBuffer(octets) ? smpp.encodings[pdu.data_coding === 8 ? 'UCS2' : 'ASCII'].decode(octets) : octets
    const refuse = { throttled: 0x58, full: 0x14, syserr: 8, invalid: 0x0b }[word]
    if (refuse) {
        say('refused', { word, to: pdu.destination_addr, text })
        return answer({ command_status: refuse })
    }
    say('submit', { id, from: pdu.source_addr, to: pdu.destination_addr, text, coding: pdu.data_coding, esm: pdu.esm_class,
        udh: udh ? Buffer.from(udh).toString('hex') : '', registered: pdu.registered_delivery,
        failed: word === 'undelivered', validity: pdu.validity_period instanceof Date ? pdu.validity_period.toISOString() : String(pdu.validity_period), ton: pdu.dest_addr_ton })
    const wanted = pdu.registered_delivery & 3
    const told_of = (stat = word === 'undelivered' ? 'UNDELIV' : 'DELIVRD') =>
        receipt(id, pdu.destination_addr, pdu.source_addr, stat)
    if (word === 'silent') return s.open_count--
    if (word === 'hold') return held.push(then => answer({ message_id: id }, then && (() => s.destroy(then))))
    if (word === 'cut') return s.destroy()
    if (word === 'early' && wanted === 1) told_of()
    setTimeout(() => {
        answer({ message_id: id })
        if (word !== 'early' && wanted === 1) setTimeout(told_of, 5)
        if (chaos.length && chance() < 0.1) setTimeout(told_of, chance() * 300)
        if (chaos.length && chance() < 0.1) setTimeout(told_of, chance() * 300, 'ENROUTE')
    }, word === 'slow' ? 400 : answerMs)
}

function serve(s) {
    s.open_count = 0
    sessions.add(s)
    for (const mode of ['transceiver', 'transmitter', 'receiver'])
        s.on(`bind_${mode}`, pdu => {
            const good = pdu.system_id === 'weft' && pdu.password === (told.password ?? 'secret08')
            s.bound = good
            s.mode = mode
            say('bind', { mode, good, tls: !!told.key })
            s.send(pdu.response({ command_status: good ? 0 : 0x0e, system_id: 'centre' }))
        })
    s.on('submit_sm', pdu => {
        if (!s.bound || s.mode === 'receiver') return s.send(pdu.response({ command_status: 4 }))
        submitted(s, pdu)
    })
    s.on('enquire_link', pdu => {
        say('enquired')
        s.send(pdu.response())
    })
    s.on('unbind', pdu => {
        say('unbind')
        s.send(pdu.response())
        s.close()
    })
    s.on('close', () => sessions.delete(s))
    s.on('error', () => sessions.delete(s))
}

function up(port) {
    const secure = told.key ? { key: fs.readFileSync(told.key), cert: fs.readFileSync(told.cert) } : {}
    server = smpp.createServer(secure, serve)
    server.listen(port, '127.0.0.1', () => say('up', { port: server.address().port }))
}

const commands = {
    plan: c => {
        plans.set(c.to, c.words)
        say('planned', { to: c.to })
    },
    release: c => { for (const go of held.splice(0)) go(c.cut && (() => say('cut'))) }, // what is held is answered
    receipts: c => { receipts = c.mode },
    receipt: c => receipt(c.id, c.to ?? '1', c.from ?? '2', c.stat, c.mode),
    mo: c => receiver()?.deliver_sm({ source_addr: c.from, destination_addr: c.to, source_addr_ton: c.ton ?? 1, data_coding: c.coding ?? 0,
        esm_class: c.udh ? 0x40 : 0, short_message: c.udh
            ? { udh: Buffer.from(c.udh, 'hex'), message: Buffer.from(c.hex, 'hex') } : { message: Buffer.from(c.hex, 'hex') } },
    r => say('mo', { tag: c.tag, status: r.command_status })),
    enquire: () => receiver()?.enquire_link({}, r => say('enquiry', { status: r.command_status })),
    gone: () => {
        if (sessions.size) setTimeout(commands.gone, 5)
        else say('gone')
    },
    down: () => { server.close(); for (const s of sessions) s.destroy() },
    cut: () => { for (const s of sessions) s.destroy() },
    up: c => up(c.port)
}
readline.createInterface({ input: process.stdin }).on('line', line => {
    const c = JSON.parse(line)
    commands[c.do](c)
}).on('close', () => process.exit(0))
up(told.port ?? 0)
