// Mailboxes that have a special use (RFC 6154) though nobody says so: by the names that mail programs and servers give them in many
// languages. Compared without case; only a mailbox of the first level, or one right below INBOX or [Gmail], has a use.

import type { SpecialUse } from '@postern/mailbox-store'

const names: readonly (readonly [SpecialUse, string])[] = [
  [
    '\\Sent',
    `Sent|Sent Items|Sent Mail|Sent Messages|Sent-mail|Gesendet|Gesendete Elemente|Gesendete Objekte|Gesendete Nachrichten|Envoyés|
    Éléments envoyés|Messages envoyés|Courrier envoyé|Enviados|Elementos enviados|Mensajes enviados|Enviadas|Itens enviados|
    Mensagens enviadas|Inviati|Posta inviata|Elementi inviati|Inviata|Verzonden|Verzonden items|Verzonden berichten|Skickat|
    Skickade objekt|Sendt|Sendte elementer|Sendt post|Lähetetyt|Wysłane|Elementy wysłane|Odeslané|Odeslaná pošta|Odoslané|
    Elküldött|Elküldött elemek|Trimise|Elemente trimise|Απεσταλμένα|Gönderilmiş|Gönderilmiş Öğeler|Gönderilenler|Отправленные|
    Надіслані|送信済み|送信済みアイテム|送信済みメール|已发送|已发送邮件|已傳送|寄件備份|보낸 편지함|보낸메일함|المرسلة|נשלחו`,
  ],
  [
    '\\Drafts',
    `Drafts|Draft|Entwürfe|Brouillons|Borradores|Rascunhos|Bozze|Concepten|Utkast|Kladder|Udkast|Luonnokset|Szkice|
    Wersje robocze|Kopie robocze|Koncepty|Rozepsané|Piszkozatok|Ciorne|Πρόχειρα|Taslaklar|Черновики|Чернетки|下書き|草稿|草稿箱|
    임시 보관함|임시보관함|المسودات|טיוטות`,
  ],
  [
    '\\Trash',
    `Trash|Deleted|Deleted Items|Deleted Messages|Bin|Papierkorb|Gelöscht|Gelöschte Elemente|Gelöschte Objekte|Corbeille|
    Éléments supprimés|Messages supprimés|Papelera|Elementos eliminados|Lixo|Lixeira|Itens excluídos|Itens eliminados|Cestino|
    Posta eliminata|Elementi eliminati|Prullenbak|Verwijderde items|Papperskorg|Papperskorgen|Borttaget|Papirkurv|
    Slettede elementer|Slettet post|Roskakori|Poistetut|Kosz|Elementy usunięte|Koš|Odstraněná pošta|Kôš|Kuka|Törölt elemek|
    Coș de gunoi|Κάδος απορριμμάτων|Çöp Kutusu|Silinmiş Öğeler|Корзина|Удаленные|Удалённые|Кошик|ゴミ箱|ごみ箱|削除済みアイテム|
    已删除|已删除邮件|垃圾桶|휴지통|지운 편지함|سلة المهملات|אשפה`,
  ],
  [
    '\\Junk',
    `Junk|Spam|Junk E-mail|Junk Email|Junk Mail|Bulk Mail|Spamverdacht|Unerwünscht|Junk-E-Mail|Courrier indésirable|Indésirables|
    Pourriel|Correo no deseado|Lixo eletrônico|Correio eletrónico de lixo|Posta indesiderata|Ongewenste e-mail|Ongewenste reclame|
    Skräppost|Søppelpost|Uønsket e-mail|Roskaposti|Wiadomości-śmieci|Nevyžádaná pošta|Nevyžiadaná pošta|Levélszemét|Gereksiz|
    Ανεπιθύμητα|İstenmeyen|Спам|Нежелательная почта|迷惑メール|垃圾邮件|垃圾郵件|스팸|스팸 편지함|스팸메일함`,
  ],
  [
    '\\Archive',
    `Archive|Archives|Archiv|Archivo|Arquivo|Arquivo Morto|Archivio|Archief|Arkiv|Arkisto|Archiwum|Archív|Archívum|Arhivă|
    Αρχειοθήκη|Arşiv|Архив|Архів|アーカイブ|存档|歸檔|보관함|أرشيف|ארכיון`,
  ],
]

const useOf = new Map(
  names.flatMap(([use, words]) =>
    words.split('|').map((word) => [folded(word.replace(/\s+/g, ' ').trim()), use] as const),
  ),
)

function folded(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

export function specialUseOfName(name: string): SpecialUse | undefined {
  const levels = name.split('/')
  const isBelow = levels.length === 2 && /^(?:inbox|\[gmail\]|\[google mail\])$/i.test(levels[0] as string)
  return levels.length === 1 || isBelow ? useOf.get(folded(levels.at(-1) as string)) : undefined
}
