package sheet

// headings are what Moodle calls the columns of its worksheet and of its lists of people, by their
// English names.
var headings = map[string][]string{
	"Identifier": {"ID", "Identifiant", "Identifiant utilisateur", "Identificateur", "Identificador", "Identificativo",
		"Identifikatzailea", "Identificatie", "Identificatienummer",
		"Identyfikator", "Identifikator", "Identifierare", "Identifikátor", "Tanımlayıcı", "Tunniste", "Azonosító",
		"Идентификатор", "Ідентифікатор", "Αναγνωριστικό", "المعرف", "מזהה",
		"識別子", "标识符", "識別碼", "식별자"},
	"Full name": {"Vollständiger Name", "Nom complet", "Nombre completo", "Nombre", "Nome", "Nome completo",
		"Volledige naam", "Pełna nazwa", "Imię i nazwisko", "Hela namnet", "Fullständigt namn",
		"Fulde navn", "Fullt navn", "Koko nimi", "Celé jméno", "Celý název", "Celé meno", "Tam adı", "Adı soyadı",
		"Teljes név", "Nume complet", "Nume şi prenume", "Полное имя", "Повне ім'я",
		"Πλήρες όνομα", "الاسم كاملا", "الاسم الكامل", "שם מלא", "Polno ime", "Puno ime", "Ime in priimek", "Izen osoa",
		"フルネーム", "氏名", "姓名", "全名", "전체 이름", "이름"},
	"First name": {"Vorname", "Prénom", "Nombre", "Nome", "Voornaam", "Imię", "Förnamn", "Fornavn", "Etunimi",
		"Křestní jméno", "Jméno", "Krstné meno", "Ad", "Adı", "Keresztnév", "Prenume", "Имя", "Ім'я",
		"Όνομα", "الاسم الأول", "שם פרטי", "Ime", "Nom", "Izena", "名", "名字", "이름"},
	"Last name": {"Nachname", "Familienname", "Nom", "Nom de famille", "Apellido", "Apellidos", "Apellido(s)",
		"Cognome", "Sobrenome", "Apelido", "Achternaam", "Nazwisko", "Efternamn", "Efternavn", "Etternavn",
		"Sukunimi", "Příjmení", "Priezvisko", "Soyad", "Soyadı", "Vezetéknév", "Nume", "Фамилия", "Прізвище", "Επώνυμο",
		"الاسم الأخير", "שם משפחה", "Priimek", "Prezime", "Cognoms", "Abizenak", "姓", "姓氏", "성"},
	"Email address": {"E-Mail-Adresse", "E-Mail", "Adresse de courriel", "Adresse e-mail", "Courriel",
		"Dirección de correo", "Dirección de correo electrónico", "Dirección Email", "Correo", "Correo electrónico",
		"Indirizzo email", "Indirizzo e-mail", "Endereço de email", "Endereço de e-mail",
		"Endereço de correio eletrónico", "Endereço de correio electrónico", "E-mailadres", "Adres e-mail",
		"E-postadress", "E-mail-adresse",
		"E-postadresse", "Sähköpostiosoite", "E-mailová adresa", "E-mail", "Emailová adresa", "E-posta adresi",
		"E-posta", "E-mail cím", "Adresă de email", "Adresă Email", "Адрес электронной почты", "Електронна пошта",
		"Διεύθυνση ηλεκτρονικού ταχυδρομείου", "Ηλεκτρονικό ταχυδρομείο", "عنوان البريد الإلكتروني",
		"البريد الإلكتروني", "כתובת דואר אלקטרוני", "דוא\"ל", "Naslov e-pošte", "E-naslov", "Adresa e-pošte",
		"Email adresa",
		"Correu electrònic", "Adreça electrònica", "Helbide elektronikoa", "メールアドレス", "电子邮件地址", "电子邮件", "電子郵件",
		"電子郵件信箱", "이메일 주소", "이메일"},
	"ID number": {"ID-Nummer", "Numéro d’identification", "Numéro d'identification", "Número de ID", "Número ID",
		"Numero ID", "Codice identificativo", "Número de identificação", "Código de identificação", "Nummer (ID)",
		"ID-nummer", "Numer ID",
		"ID nummer", "Id-nummer", "Tunnistenumero", "Identifikační číslo", "ID číslo", "Číslo ID", "ID numarası",
		"Azonosítószám", "Număr ID", "Индивидуальный номер", "Індивідуальний номер", "Αριθμός ταυτότητας",
		"رقم بطاقة التعريف",
		"מספר זיהוי", "Identifikacijska številka", "ID broj", "ID zenbakia", "IDナンバー", "ID号码", "编号", "識別號碼", "ID 번호",
		"id 번호"},
	"Username": {"Anmeldename", "Benutzername", "Nom d’utilisateur", "Nom d'utilisateur", "Nombre de usuario",
		"Nome utente", "Nome de usuário", "Identificação de usuário", "Nome de utilizador", "Gebruikersnaam",
		"Nazwa użytkownika", "Användarnamn",
		"Brugernavn", "Brukernavn", "Käyttäjätunnus", "Uživatelské jméno", "Používateľské meno", "Kullanıcı adı",
		"Kullanıcıadı", "Felhasználónév", "Utilizator", "Nume utilizator", "Логин", "Логін", "Όνομα χρήστη",
		"اسم المستخدم",
		"שם משתמש", "Uporabniško ime", "Korisničko ime", "Nom d'usuari", "Erabiltzaile-izena", "ユーザ名", "ユーザー名", "用户名",
		"帳號", "사용자 아이디", "아이디"},
	"Group": {"Gruppe", "Groupe", "Grupo", "Gruppo", "Groep", "Grupa", "Grupp", "Ryhmä", "Skupina", "Grup", "Csoport",
		"Группа", "Група", "Ομάδα", "مجموعة", "المجموعة", "קבוצה", "Taldea", "グループ", "小组", "群組", "모둠", "그룹"},
	"Grade": {"Bewertung", "Note", "Calificación", "Valutazione", "Voto", "Nota", "Beoordeling", "Cijfer", "Ocena",
		"Betyg", "Karakter", "Bedømmelse", "Arviointi", "Arvosana", "Známka", "Hodnocení", "Not", "Pont", "Osztályzat",
		"Notă", "Оценка", "Оцінка",
		"Βαθμός", "درجة", "الدرجة", "ציון", "Ocjena", "Qualificació", "Kalifikazioa", "Cualificación", "評点", "評定", "成绩",
		"成績", "分數", "등급", "성적"},
	"Maximum Grade": {"Bestwertung", "Note maximale", "Calificación máxima", "Valutazione massima", "Voto massimo",
		"Nota máxima", "Maximale beoordeling", "Maximumcijfer", "Hoogst haalbare cijfer", "Hoogste cijfer",
		"Maksymalna ocena", "Maxbetyg", "Maximum betyg",
		"Højeste karakter", "Høyeste karakter", "Arviointimaksimi", "Nejlepší známka", "Nejvyšší známka",
		"Maximálna známka", "En yüksek not", "Maximális pont", "Nota maximă", "Максимальная оценка",
		"Максимальна оцінка", "Μέγιστος βαθμός", "الدرجة القصوى",
		"ציון מירבי", "Najvišja ocena", "Maksimalna ocjena", "Qualificació màxima", "Gehienezko kalifikazioa",
		"Cualificación máxima", "最大評点", "最大評定", "最高分值", "最高分", "最高成績", "最高分數", "최대 등급"},
	"Grade can be changed": {"Bewertung kann geändert werden", "La note peut être modifiée",
		"La calificación puede ser cambiada", "La calificación puede cambiarse", "La valutazione può essere cambiata",
		"A nota pode ser alterada.", "A nota pode ser alterada",
		"Beoordeling kan gewijzigd worden", "Beoordeling kan aangepast worden", "Ocena se lahko spremeni.",
		"Es pot canviar la qualificació", "Kalifikazioa alda daiteke", "A cualificación pode ser cambiada",
		"Ocena może być zmieniona", "Betyg kan ändras", "Not değiştirilebilir"},
	"Last modified (grade)": {"Zuletzt geändert (Bewertung)", "Dernière modification (note)",
		"Dernière modification (évaluation)", "Última modificación (calificación)", "Ultima modifica (valutazione)",
		"Última modificação (nota)", "Última modificação (avaliação)",
		"Laatst gewijzigd (beoordeling)", "Ostatnia modyfikacja (ocena)", "Senast modifierat (betyg)",
		"Son düzenleme (not)", "Последнее изменение (оценка)", "Darrera modificació (qualificació)", "最終更新日時 (評定)",
		"最后修改（教师）", "最后修改（成绩）",
		"最後修改的(得分)", "最後修改（老師）", "Naposledy změněno (známka)", "Sist endret (karakter)", "Sidst ændret (karakter)",
		"Viimeksi muokattu (arviointi)"},
	"Feedback comments": {"Feedback als Kommentar", "Feedback par commentaires", "Comentarios de retroalimentación",
		"Comentarios de realimentación", "Commenti", "Commenti di feedback", "Comentários de feedback",
		"Feedback via comentários",
		"Feedback opmerkingen", "Opmerkingen", "Komentarz zwrotny", "Återkopplingskommentarer",
		"Комментарии в виде отзыва", "Отзыв в виде комментария", "Comentaris de retroacció", "フィードバックコメント", "反馈评论",
		"評語回饋"},
}

// Headings returns what Moodle calls a column: its English name, and that in other languages. Of a
// name that is no column's there are none.
func Headings(english string) []string {
	local, ok := headings[english]
	if !ok {
		return nil
	}
	return append([]string{english}, local...)
}

// Worksheet returns the columns of Moodle's worksheet, in all languages, but for those that tell
// who a row is.
func Worksheet() (out []string) {
	for _, english := range []string{"Grade", "Maximum Grade", "Grade can be changed", "Last modified (grade)",
		"Feedback comments"} {
		out = append(out, Headings(english)...)
	}
	return append(out, "Status", "Maximum grade", "Last modified (submission)", "Online text")
}
